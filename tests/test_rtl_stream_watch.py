# amaranth: UnusedElaboratable=no
from amaranth.sim import Simulator

from rtl.stream_watch import StreamWatch


def dropped(history, streams=1):
    """Return the cycles in which the watch speaks, for (valid, ready) in each cycle."""
    dut = StreamWatch(streams)
    found = []

    async def bench(ctx):
        for cycle, (valid, ready) in enumerate(history):
            ctx.set(dut.valid, valid)
            ctx.set(dut.ready, ready)
            if ctx.get(dut.dropped):
                found.append(cycle)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()
    return found


def test_a_transfer_ends_an_offer():
    assert dropped([(1, 1), (0, 1), (1, 0), (1, 0), (1, 1), (0, 0), (0, 1)]) == []


def test_an_offer_that_is_taken_back():
    assert dropped([(1, 0), (0, 0), (0, 0), (1, 0), (1, 0), (0, 1)]) == [1, 5]


def test_each_stream_by_itself():
    # The second stream waits and falls while the first one transfers.
    assert dropped([(0b11, 0b01), (0b01, 0b01), (0b00, 0b00)], streams=2) == [1]
    # One offer is taken, another one comes: neither was dropped.
    assert dropped([(0b01, 0b01), (0b10, 0b00), (0b10, 0b10)], streams=2) == []
