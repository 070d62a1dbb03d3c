# amaranth: UnusedElaboratable=no
import random

import pytest
from amaranth.sim import Simulator

from rtl.adder_tree import AdderTree


@pytest.mark.parametrize("register_every", [1, 2, 3])
@pytest.mark.parametrize("operands", [1, 2, 3, 4, 5, 7, 8, 13, 20])
def test_sums_extremes_and_random_operands(operands, register_every):
    dut = AdderTree(operands=operands, bits=8, register_every=register_every)
    rng = random.Random(operands)
    # All at one end of the range with all carries: the widest sums there are.
    cases = [([0] * operands, [0] * operands), ([255] * operands, [1] * operands)]
    cases += [
        (
            [rng.randint(0, 255) for _ in range(operands)],
            [rng.randint(0, 1) for _ in range(operands)],
        )
        for _ in range(50)
    ]
    sums = []

    async def bench(ctx):
        for cycle in range(len(cases) + dut.latency):
            numbers, carries = cases[min(cycle, len(cases) - 1)]
            ctx.set(dut.operands, numbers)
            ctx.set(dut.carries, sum(carry << place for place, carry in enumerate(carries)))
            if dut.latency == 0:
                sums.append(ctx.get(dut.sum) + ctx.get(dut.carry))
                continue
            await ctx.tick()
            sums.append(ctx.get(dut.sum) + ctx.get(dut.carry))

    simulator = Simulator(dut)
    if dut.latency:
        simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()
    skipped = max(dut.latency - 1, 0)
    assert sums[skipped : skipped + len(cases)] == [sum(a) + sum(b) for a, b in cases]


def test_literal():
    dut = AdderTree(operands=3, bits=4, register_every=4)

    async def bench(ctx):
        ctx.set(dut.operands, [15, 7, 8])
        ctx.set(dut.carries, 0b011)
        assert ctx.get(dut.sum) + ctx.get(dut.carry) == 32

    simulator = Simulator(dut)
    simulator.add_testbench(bench)
    simulator.run()


def test_width_and_latency():
    dut = AdderTree(operands=64, bits=8, register_every=2)
    assert len(dut.sum) == 14
    assert dut.latency == 3
