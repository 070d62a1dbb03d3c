# amaranth: UnusedElaboratable=no
import random

import pytest
from amaranth.sim import Simulator

from rtl.geometry import Geometry
from rtl.weight_check import WeightCheck
from rtl.word_check import is_whole, with_check


def check_of(bits):
    return WeightCheck(
        Geometry(
            rows=1,
            lanes=1,
            weight_bus_bits=bits,
            max_k=1,
            output_bus_words=1,
            weight_check="hamming",
        )
    )


def verdicts(bits, words):
    """Give words to the hardware, one a cycle, with pauses that offer something else."""
    dut = check_of(bits)
    found = []

    async def bench(ctx):
        rng = random.Random(bits)
        for word in words:
            # What is not accepted is not looked at.
            ctx.set(dut.word, rng.getrandbits(bits))
            await ctx.tick()
            assert not ctx.get(dut.corrupt)
            ctx.set(dut.word, word)
            ctx.set(dut.accepted, 1)
            await ctx.tick()
            ctx.set(dut.accepted, 0)
            found.append(bool(ctx.get(dut.corrupt)))

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()
    return found


@pytest.mark.parametrize("bits", [16, 24, 40, 64, 72])
def test_agrees_with_the_code(bits):
    rng = random.Random(bits)
    whole = [with_check(rng.getrandbits(bits - 8), bits) for _ in range(40)]
    words = whole + [word ^ 1 << rng.randrange(bits) for word in whole]
    words += [word ^ 1 << rng.randrange(bits) ^ 1 << rng.randrange(bits) for word in whole]
    words += [rng.getrandbits(bits) for _ in range(200)]
    assert verdicts(bits, words) == [not is_whole(word, bits) for word in words]


def test_every_single_and_double_flip():
    word = with_check(0b101_1001_0110, 16)
    flips = [1 << a | 1 << b for a in range(16) for b in range(a + 1)]
    assert verdicts(16, [word]) == [False]
    assert all(verdicts(16, [word ^ flip for flip in flips]))


def test_words_after_each_other():
    dut = check_of(16)
    seen = []

    async def bench(ctx):
        ctx.set(dut.accepted, 1)
        for word in (0, 1, 0, 0b1_0011_00000000001, 2):
            ctx.set(dut.word, word)
            await ctx.tick()
            seen.append(ctx.get(dut.corrupt))

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [0, 1, 0, 0, 1]
