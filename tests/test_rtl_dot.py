# amaranth: UnusedElaboratable=no
import itertools
import random

import pytest
from amaranth.sim import Simulator

from rtl.dot import DotProduct
from rtl.geometry import Geometry
from rtl.lane_style import LANE_STYLES
from rtl.trit import TRIT_CODES
from tests.prepared_dot import PreparedDot

pytestmark = pytest.mark.parametrize("style", LANE_STYLES)


def dot_products(style, lanes, register_every, cases):
    """Return sum + carry for each (weights, activations) of a pipelined run."""
    geometry = Geometry(
        lane_style=style,
        rows=1,
        lanes=lanes,
        weight_bus_bits=64,
        max_k=lanes,
        output_bus_words=1,
        tree_register_every=register_every,
    )
    dut = PreparedDot(geometry)
    assert DotProduct(geometry).latency == geometry.tree_latency
    sums = []

    async def bench(ctx):
        for cycle in range(len(cases) + dut.latency):
            weights, activations = cases[min(cycle, len(cases) - 1)]
            ctx.set(dut.activations, activations)
            ctx.set(dut.weights, [TRIT_CODES[weight] for weight in weights])
            await ctx.tick()
            sums.append(ctx.get(dut.sum) + ctx.get(dut.carry))

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()
    return sums[dut.latency - 1 : dut.latency - 1 + len(cases)]


def test_one_lane_exhaustively(style):
    cases = [([w], [x]) for w in (-1, 0, 1) for x in range(-128, 128)]
    assert dot_products(style, 1, 1, cases) == [w * x for [w], [x] in cases]


def test_three_lanes_all_weights_at_the_ends_of_the_range(style):
    cases = list(
        itertools.product(
            itertools.product((-1, 0, 1), repeat=3),
            itertools.product((-128, -127, -1, 0, 1, 127), repeat=3),
        )
    )
    expected = [sum(w * x for w, x in zip(*case, strict=True)) for case in cases]
    assert dot_products(style, 3, 2, cases) == expected


@pytest.mark.parametrize("lanes", [2, 5, 16, 20, 33, 64])
@pytest.mark.parametrize("register_every", [1, 2, 3])
def test_extremes_and_random(style, lanes, register_every):
    rng = random.Random(lanes)
    cases = [([w] * lanes, [x] * lanes) for w in (-1, 1) for x in (-128, 127)]
    cases += [
        (
            [rng.choice((-1, 0, 1)) for _ in range(lanes)],
            [rng.randint(-128, 127) for _ in range(lanes)],
        )
        for _ in range(40)
    ]
    expected = [sum(w * x for w, x in zip(*case, strict=True)) for case in cases]
    assert expected[:4] == [128 * lanes, -127 * lanes, -128 * lanes, 127 * lanes]
    assert dot_products(style, lanes, register_every, cases) == expected
