# amaranth: UnusedElaboratable=no
import random

import pytest
from amaranth.sim import Simulator

from rtl.queue import Queue


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 7])
@pytest.mark.parametrize(("offer", "take"), [(1.0, 1.0), (0.5, 1.0), (1.0, 0.3), (0.5, 0.5)])
def test_order_and_count(depth, offer, take):
    dut = Queue(8, depth=depth)
    rng = random.Random(depth)
    items = [rng.randint(0, 255) for _ in range(100)]
    got, levels = [], set()

    async def producer(ctx):
        for item in items:
            while rng.random() >= offer:
                await ctx.tick()
            ctx.set(dut.i.payload, item)
            ctx.set(dut.i.valid, 1)
            await ctx.tick().until(dut.i.ready)
            ctx.set(dut.i.valid, 0)

    async def consumer(ctx):
        while len(got) < len(items):
            ctx.set(dut.o.ready, rng.random() < take)
            _, _, taken, item, level = await ctx.tick().sample(
                dut.o.valid & dut.o.ready, dut.o.payload, dut.level
            )
            levels.add(level)
            if taken:
                got.append(item)

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(producer, background=True)
    simulator.add_testbench(consumer)
    simulator.run()
    assert got == items
    assert max(levels) <= depth
    if offer == 1 and take < 1:
        assert max(levels) == depth


def test_item_is_visible_after_one_cycle():
    dut = Queue(8, depth=2)

    async def bench(ctx):
        ctx.set(dut.i.payload, 0x5A)
        ctx.set(dut.i.valid, 1)
        assert ctx.get(dut.o.valid) == 0
        await ctx.tick()
        assert ctx.get(dut.o.valid) == 1
        assert ctx.get(dut.o.payload) == 0x5A

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("depth", [0, -1, "2"])
def test_rejects_wrong_depth(depth):
    with pytest.raises(TypeError, match=r"^Queue depth must be a positive integer, not "):
        Queue(8, depth=depth)
