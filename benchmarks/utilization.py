"""Measured utilization of a 64x64 array on the BitLinear shapes of BitNet b1.58 3B, decoding.

Every job runs through the generated Verilog in cocotb on Verilator, every result is compared with
the golden model, and every counter with the cycle model. Building takes a minute or two.

Example: python benchmarks/utilization.py
"""

import sys
from collections.abc import Iterator

from bitnet_hw.cli import run_guarded
from bitnet_hw.commands.simulate import simulation_progress
from bitnet_hw.config import load_config
from bitnet_hw.errors import SimulationFailed
from bitnet_hw.model import load_model
from bitnet_hw.simulation import Simulation, Verdict, model_jobs
from rtl.geometry import Geometry
from rtl.job import Job

ARRAY = "large"
MODEL = "bitnet-b1.58-3b"
BAR = 0.99


def job_lists(geometry: Geometry) -> Iterator[tuple[str, list[Job]]]:
    """Yield each shape as often as a layer has it, then the whole layer, as queues of jobs."""
    layer = model_jobs(load_model(MODEL), 1, geometry)
    for job in dict.fromkeys(layer):
        yield f"{layer.count(job)} x {job.k}x{job.n}", [job] * layer.count(job)
    yield "whole layer", layer


def main() -> None:
    """Simulate and print one line for each job list."""
    simulation = Simulation(config=load_config(ARRAY))
    with simulation_progress() as progress:
        verilog = simulation.verilog()
        print("jobs (k x n)      cycles  predicted    outputs  mismatches  utilization", flush=True)
        for name, jobs in job_lists(simulation.config.array):
            verdict = simulation.run(simulation.random_operands(jobs), verilog, progress=progress)
            print_line(name, verdict)
            if not verdict.passed or verdict.utilization < BAR:
                raise SimulationFailed(f"{name} must pass with a utilization of at least {BAR}")


def print_line(name: str, verdict: Verdict) -> None:
    """Print a result."""
    run = verdict.run
    print(
        f"{name:14} {run.cycles_measured:9,} {verdict.predicted.cycles:10,} "
        f"{run.outputs_checked:10,} {run.mismatches:11,} {verdict.utilization:12.4%}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(run_guarded(main))
