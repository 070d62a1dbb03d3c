"""Bench of the counter in test_sim_runner.py: tests that pass, fail, hang and crash."""

import os

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge, Timer

from sim.bench import parameters, report, seed


@cocotb.test()
async def counts(dut):
    """Count as often as the parameters say."""
    Clock(dut.clk, 10, unit="ns").start(start_high=False)
    dut.rst.value = 1
    await RisingEdge(dut.clk)
    dut.rst.value = 0
    for _ in range(parameters()["cycles"]):
        await RisingEdge(dut.clk)
    await RisingEdge(dut.clk)
    report({"count": int(dut.count.value)})
    report({"seed": seed()})


@cocotb.test()
async def fails(dut):
    """Expect nonsense."""
    await Timer(1, unit="ns")
    assert 1 + 1 == 3, "arithmetic is broken"


@cocotb.test()
async def hangs(dut):
    """Wait for ever."""
    while True:
        await Timer(1, unit="ns")


@cocotb.test()
async def crashes(dut):
    """End the simulator."""
    await Timer(1, unit="ns")
    os._exit(7)
