# amaranth: UnusedElaboratable=no
"""The lane codings of the benchmark, exact on Amaranth's simulator at the ends of the range."""

import itertools

import numpy as np
import pytest
from amaranth import Module
from amaranth.sim import Simulator

from benchmarks.lane_coding_parts import CODINGS
from benchmarks.lane_coding_stimulus import corrections, shared_numbers
from rtl.trit import TRIT_CODES


def dot_products(coding, lanes, register_every, cases):
    """Return sum + carry for each (weights, activations) of a pipelined run."""
    geometry = coding.geometry(lanes, register_every)
    m = Module()
    m.submodules.shared = shared = coding.shared(geometry)
    m.submodules.row = row = coding.row(geometry)
    m.d.comb += [shared.load.eq(1), row.shared.as_value().eq(shared.shared.as_value())]
    if coding.corrected:
        m.d.comb += row.correction.eq(shared.correction)
    sums = []

    async def bench(ctx):
        # The activations come through one register, the weights do not.
        for cycle in range(len(cases) + 1 + geometry.tree_latency):
            ctx.set(shared.activations, cases[min(cycle, len(cases) - 1)][1])
            weights = cases[min(max(cycle - 1, 0), len(cases) - 1)][0]
            ctx.set(row.weights, [TRIT_CODES[weight] for weight in weights])
            sums.append(ctx.get(row.sum) + (ctx.get(row.carry) if coding.carries else 0))
            await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()
    return sums[1 + geometry.tree_latency :]


def expected(coding, cases):
    """Return the dot products, with the sum of the activations where it stays in."""
    stays = coding.summed and not coding.corrected
    return [sum((w + stays) * x for w, x in zip(*case, strict=True)) for case in cases]


@pytest.mark.parametrize("coding", CODINGS.values(), ids=CODINGS)
def test_one_lane_exhaustively(coding):
    cases = [([w], [x]) for w in (-1, 0, 1) for x in range(-128, 128)]
    assert dot_products(coding, 1, 1, cases) == expected(coding, cases)


@pytest.mark.parametrize("coding", CODINGS.values(), ids=CODINGS)
def test_three_lanes_at_the_ends_of_the_range(coding):
    cases = list(
        itertools.product(
            itertools.product((-1, 0, 1), repeat=3),
            itertools.product((-128, -127, 0, 127), repeat=3),
        )
    )
    assert dot_products(coding, 3, 2, cases) == expected(coding, cases)


@pytest.mark.parametrize("coding", CODINGS.values(), ids=CODINGS)
def test_all_lanes_at_the_same_end(coding):
    cases = [([w] * 8, [x] * 8) for w in (-1, 0, 1) for x in (-128, 127)]
    assert dot_products(coding, 8, 2, cases) == expected(coding, cases)


def test_operands_by_hand():
    activations = np.array([[-128, 5]], np.int8)

    def shared(name):
        coding = CODINGS[name]
        bits = shared_numbers(coding.geometry(2, 1), coding, activations)
        return (bits[0].reshape(2, -1) @ (1 << np.arange(bits.shape[1] // 2))).tolist()

    # Sign above eight bits of magnitude.
    assert shared("sign and magnitude") == [0b1_1000_0000, 5]
    assert shared("offset") == [0x80, 5]
    # Around 341 and 683, c + x below c + 2x.
    [low, high] = shared("offset around a center")
    assert [low & 1023, low >> 10] == [(341 - 128) ^ 341, (341 - 256) ^ 341]
    assert [high & 1023, high >> 10] == [(683 + 5) ^ 683, (683 + 10) ^ 683]
    # Around 170 and 342, c + x below c - x, each as it differs from c.
    [low, high] = shared("biased (rtl/lanes.py)")
    assert [low & 511, low >> 9] == [(170 - 128) ^ 170, (170 + 128) ^ 170]
    assert [high & 511, high >> 9] == [(342 + 5) ^ 342, (342 - 5) ^ 342]


def test_correction_is_the_complement_of_a_row_of_zeros():
    coding = CODINGS["offset"]
    [bits] = corrections(coding.geometry(2, 1), coding, np.array([[-128, 5]], np.int8))
    # In 10 bits: both centers of 256, and the activations.
    assert bits @ (1 << np.arange(10)) == 1023 - (2 * 256 - 128 + 5)
