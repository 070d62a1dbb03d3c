"""cocotb tests for coverage: those of `sim.tb_accelerator` and `sim.tb_faults`, watched."""

from typing import Any

import cocotb

from sim import tb_accelerator, tb_faults
from sim.coverage_bench import geometry, save, watch


@cocotb.test()
async def random_jobs(dut: Any) -> None:
    """Run the test of this name in `sim.tb_accelerator`."""
    watch(dut)
    await tb_accelerator.random_jobs.func(dut)


@cocotb.test()
async def reset_mid_job(dut: Any) -> None:
    """Run the test of this name in `sim.tb_faults`."""
    watch(dut)
    await tb_faults.reset_mid_job.func(dut)


@cocotb.test()
async def illegal_codes(dut: Any) -> None:
    """Run the test of this name in `sim.tb_faults`."""
    watch(dut)
    await tb_faults.illegal_codes.func(dut)


@cocotb.test()
async def taken_back(dut: Any) -> None:
    """Run the test of this name in `sim.tb_faults`."""
    watch(dut)
    await tb_faults.taken_back.func(dut)


@cocotb.test()
async def stopped_streams(dut: Any) -> None:
    """Run the test of this name in `sim.tb_faults`."""
    watch(dut)
    await tb_faults.stopped_streams.func(dut)


@cocotb.test()
async def bad_command(dut: Any) -> None:
    """Run the test of this name in `sim.tb_faults`."""
    watch(dut)
    await tb_faults.bad_command.func(dut)


@cocotb.test()
async def flipped_bits(dut: Any) -> None:
    """Run the test of this name in `sim.tb_faults`, where words have check bits."""
    if geometry().check_bits:
        watch(dut)
        await tb_faults.flipped_bits.func(dut)


@cocotb.test(stage=1)
async def recorded(dut: Any) -> None:
    """Write what all tests of this run, which come before, showed."""
    save()
