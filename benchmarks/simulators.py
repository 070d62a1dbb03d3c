"""One accelerator on four simulators: what they compute, how fast, and how long until they can.

The same jobs with random weights and activations run on the compiled model (Verilator, the loop of
sim/harness.cpp), on CXXRTL (g++ -O3, the loop of cxxrtl_loop.cpp), in cocotb on Verilator, and on
Amaranth's own simulator. All results are compared with an integer matrix product, and the cycle of
the last one with the cycle model.

Speeds are differences of two runs of different lengths, so that starting, elaborating and reading
are not in them. All times are processor time of this process and its children; other work on the
machine changes them little. Nothing that was built before is used.

Example: python benchmarks/simulators.py --array 16x16 --simulator compiled --simulator cxxrtl
"""

import itertools
import resource
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.simulator_list import SIMULATORS, in_stream_order, predicted
from bitnet_hw.cli import run_guarded
from bitnet_hw.errors import ConfigError, SimulationFailed
from bitnet_hw.output import Format, csv_text, json_text, write, write_tables
from bitnet_hw.progress import late_progress
from bitnet_hw.simulation import simulation_errors
from rtl.geometry import Geometry
from rtl.job import Job
from sim.errors import SimulationTimedOut
from sim.operands import JobOperands

JOB = Job(k=1024, n=64)
ARRAYS = ("16x16", "64x16", "64x64")


@dataclass(frozen=True)
class Speed:
    """What was measured; without a speed if building took too long."""

    array: str
    simulator: str
    results_compared: int
    cycles: int
    build_s: float
    cycles_per_s: float | None
    macs_per_s: float | None


def processor_s() -> float:
    """Return the processor time of this process, and of its children that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(name: str, geometry: Geometry, operands: JobOperands, build_limit_s: float) -> Speed:
    """Build for a simulator, run twice, compare everything, and take the times."""
    simulator = SIMULATORS[name]
    array = f"{geometry.rows}x{geometry.lanes}"
    sums = operands.activations.astype(np.int64) @ operands.weights.T.astype(np.int64)
    expected = in_stream_order(sums, geometry.rows)
    with tempfile.TemporaryDirectory() as folder:
        start = processor_s()
        try:
            run = simulator.prepare(geometry, Path(folder), build_limit_s)
        except SimulationTimedOut:
            return Speed(array, simulator.title, 0, 0, processor_s() - start, None, None)
        build_s = processor_s() - start
        runs = []
        compared = 0
        for count in (1, 1 + simulator.jobs):
            jobs = [operands] * count
            start = processor_s()
            stream, last = run(jobs)
            seconds = processor_s() - start
            where = f"{simulator.title}, {array}, {count} jobs"
            if not np.array_equal(stream, np.tile(expected, count)):
                raise SimulationFailed(f"{where}: results must be those of the matrix product")
            if last != predicted(geometry, jobs):
                raise SimulationFailed(
                    f"{where}: the last result must come in cycle {predicted(geometry, jobs)}, "
                    f"not {last}"
                )
            runs.append((last, seconds))
            compared += len(stream)
    (few, short_s), (many, long_s) = runs
    rate = (many - few) / (long_s - short_s)
    macs = rate * simulator.jobs * operands.job.macs / (many - few)
    return Speed(array, simulator.title, compared, many, build_s, rate, macs)


def table(speeds: Sequence[Speed]) -> Any:
    """Return the speeds as a table for the terminal."""
    from rich.table import Table

    view = Table(
        "array",
        "simulator",
        title="Simulators, in processor time; nothing differs",
        title_justify="left",
    )
    for name in ("build s", "compared", "cycles", "cycles/s", "M MAC/s"):
        view.add_column(name, justify="right")
    for speed in speeds:
        rates = ("too long", "")
        if speed.cycles_per_s is not None and speed.macs_per_s is not None:
            rates = (f"{speed.cycles_per_s:,.0f}", f"{speed.macs_per_s / 1e6:,.2f}")
        counts = (f"{speed.build_s:,.1f}", f"{speed.results_compared:,}", f"{speed.cycles:,}")
        view.add_row(speed.array, speed.simulator, *counts, *rates)
    return view


def parse_array(text: str) -> Geometry:
    """Return an array of so many rows and lanes, with one weight tile in a word."""
    sizes = text.split("x")
    if len(sizes) != 2 or not all(size.isdecimal() and int(size) > 0 for size in sizes):
        raise ConfigError(f"--array must be rows x lanes, such as 16x16, not {text!r}")
    rows, lanes = map(int, sizes)
    return Geometry(
        rows=rows,
        lanes=lanes,
        weight_bus_bits=-(-rows * lanes // 5) * 8,
        max_k=8640,
        output_bus_words=min(rows, 16),
    )


def main(
    array: Annotated[
        list[str] | None,
        typer.Option(help="Rows x lanes; repeatable; default: " + ", ".join(ARRAYS) + "."),
    ] = None,
    simulator: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(SIMULATORS)}; repeatable; default: all."),
    ] = None,
    build_limit_s: Annotated[
        float, typer.Option(help="Longest time that one compiler may take.")
    ] = 300.0,
    seed: Annotated[int, typer.Option(help="Of weights and activations.")] = 1,
    output_format: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TABLE,
) -> None:
    """Run the same jobs on several simulators and measure their speed.

    Example: python benchmarks/simulators.py --array 16x16 --simulator compiled --simulator cxxrtl
    """
    unknown = sorted(set(simulator or ()) - set(SIMULATORS))
    if unknown:
        raise ConfigError(f"--simulator must be one of {', '.join(SIMULATORS)}, not {unknown[0]}")
    rng = np.random.default_rng(seed)
    operands = JobOperands(
        rng.integers(-128, 128, (JOB.m, JOB.k), np.int8),
        rng.integers(-1, 2, (JOB.n, JOB.k), np.int8),
    )
    pairs = list(itertools.product(map(parse_array, array or ARRAYS), simulator or SIMULATORS))
    speeds: list[Speed] = []
    with simulation_errors(), late_progress("Measuring", len(pairs)) as done:
        for geometry, name in pairs:
            speeds.append(measure(name, geometry, operands, build_limit_s))
            done(len(speeds))
    rows = [asdict(speed) for speed in speeds]
    if output_format is Format.JSON:
        write(json_text({"job": vars(JOB), "simulators": rows}))
    elif output_format is Format.CSV:
        write(csv_text(rows))
    else:
        write_tables([table(speeds)])


if __name__ == "__main__":
    sys.exit(run_guarded(lambda: typer.run(main)))
