"""Runs jobs with given data on the Verilog of an accelerator and compares every result."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtl.counters import COUNTERS
from rtl.geometry import Geometry
from sim.build import build
from sim.errors import SimulationError
from sim.operands import JobOperands, save_operands
from sim.runner import run
from sim.scratch import SCRATCH_PREFIX, scratch_folder

__all__ = ["JobList", "Progress", "SimulationResult", "simulate", "simulate_lists"]

Progress = Callable[[str, int, int], None]
"""Called with ``"build"`` or ``"run"``, the results compared so far, and how many there will be."""


@dataclass(frozen=True, kw_only=True)
class JobList:
    """Jobs that run back to back, starting from reset.

    Parameters
    ----------
    operands : sequence of JobOperands
        The jobs.
    rate : (int, int) or None
        ``(a, b)``: the weight memory delivers a words every b cycles, running ahead; None: whenever
        they are wanted.
    """

    operands: Sequence[JobOperands]
    rate: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class SimulationResult:
    """What a job list did.

    Attributes
    ----------
    passed : bool
        Every result is there and equals the golden model's, and the sticky errors are right.
    simulator : str
        ``"verilator"`` or ``"icarus"``.
    jobs, outputs_checked, mismatches : int
        Jobs that completed, results compared, results that differ.
    messages : list of str
        What is wrong, the first cases in words.
    cycles_measured : int
        From the cycle of the first command to that of the last result, as the bench counted them.
    counters : dict
        The accelerator's own counters: cycles, busy, weight_wait, activation_wait, output_wait.
    results : list of arrays
        int32, [m, n] for each job, as the hardware gave them.
    seconds : float
        Wall-clock time of the simulator, for all job lists that ran in it.
    build_seconds : float
        Wall-clock time of the build; close to 0 if it was found built.
    waveform : Path or None
        Waveform file.
    """

    passed: bool
    simulator: str
    jobs: int
    outputs_checked: int
    mismatches: int
    messages: list[str]
    cycles_measured: int
    counters: dict[str, int]
    results: list[NDArray[np.int32]]
    seconds: float
    build_seconds: float
    waveform: Path | None


def simulate(
    geometry: Geometry,
    verilog: str,
    operands: Sequence[JobOperands],
    *,
    rate: tuple[int, int] | None = None,
    **settings: Any,
) -> SimulationResult:
    """Simulate one job list; see `simulate_lists`, which takes the same further arguments."""
    return simulate_lists(geometry, verilog, [JobList(operands=operands, rate=rate)], **settings)[0]


def simulate_lists(
    geometry: Geometry,
    verilog: str,
    lists: Sequence[JobList],
    *,
    build_root: Path,
    simulator: str = "verilator",
    top: str = "bitnet_accelerator",
    directory: Path | None = None,
    waves: bool = False,
    seed: int = 1,
    timeout_s: float = 3600.0,
    progress: Progress | None = None,
) -> list[SimulationResult]:
    """Simulate job lists one after the other in one simulator, with a reset before each.

    Commands and activations are always there, results are always taken, weights come at the rate of
    the job list; all streams start in the same cycle.

    Parameters
    ----------
    geometry : Geometry
        The accelerator.
    verilog : str
        Its Verilog.
    lists : sequence of JobList
        The jobs.
    build_root : Path
        Where builds are kept for later calls.
    simulator : str
        ``"verilator"`` or ``"icarus"``.
    top : str
        Name of the top module.
    directory : Path
        Where log and waveform of this run go; without it they go to a directory in `build_root`
        that is removed if nothing fails.
    waves : bool
        Whether to write a waveform; then `directory` must be given.
    seed : int
        Seed of the values in registers that have no reset.
    timeout_s : float
        Longest time of the build, and of the run.
    progress : callable
        Told several times a second how far the work is.

    Raises
    ------
    SimulationError
        If the simulation did not come to its end; results that differ are no such failure.
    ValueError
        If a job does not fit the accelerator, there is none, or `directory` is missing.
    """
    if waves and directory is None:
        raise ValueError("directory must be given when waves are to be written")
    if not lists or not all(item.operands for item in lists):
        raise ValueError("A simulation must have at least one job")
    for item in lists:
        for operands in item.operands:
            operands.job.check(geometry)
    total = sum(operand.job.m * operand.job.n for item in lists for operand in item.operands)

    start = time.monotonic()
    design = build(
        verilog,
        top=top,
        simulator=simulator,
        root=build_root,
        waves=waves,
        timeout_s=timeout_s,
        poll=progress and (lambda: progress("build", 0, total)),
    )
    build_seconds = time.monotonic() - start

    with (
        _working_directory(directory, build_root) as work,
        scratch_folder(work.resolve()) as data,
    ):
        runs: list[dict[str, Any]] = []
        for index, item in enumerate(lists):
            runs.append({
                "operands": str(data / f"operands{index}.npz"),
                "results": str(data / f"results{index}.npz"),
                "rate": item.rate,
            })
            save_operands(data / f"operands{index}.npz", item.operands)
        compared = data / "progress"
        outcome = run(
            design,
            bench="sim.tb_accelerator",
            tests=["given_jobs"],
            directory=work,
            parameters={
                "geometry": dataclasses.asdict(geometry),
                "runs": runs,
                "progress": str(compared),
            },
            seed=seed,
            timeout_s=timeout_s,
            poll=progress and (lambda: progress("run", _read_count(compared), total)),
        )
        results = [_read_results(Path(entry["results"])) for entry in runs]
    if progress is not None:
        progress("run", total, total)
    return [
        SimulationResult(
            passed=not entry["messages"] and entry["outputs_checked"] == _outputs(item),
            simulator=simulator,
            jobs=entry["jobs"],
            outputs_checked=entry["outputs_checked"],
            mismatches=entry["mismatches"],
            messages=entry["messages"],
            cycles_measured=entry["cycles_measured"],
            counters={name: entry["status"][name] for name in COUNTERS},
            results=matrices,
            seconds=outcome.seconds,
            build_seconds=build_seconds,
            waveform=outcome.waveform,
        )
        for item, entry, matrices in zip(lists, outcome.data["runs"], results, strict=True)
    ]


@contextmanager
def _working_directory(directory: Path | None, root: Path) -> Iterator[Path]:
    """Make the given directory, or a temporary one, kept only if its log explains a failure."""
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        yield directory
        return
    with scratch_folder(root.resolve()) as work:
        try:
            yield work
        except SimulationError as error:
            kept = work.with_name(work.name.replace(SCRATCH_PREFIX, "failed-run-"))
            work.rename(kept)
            raise type(error)(str(error).replace(str(work), str(kept))) from error


def _outputs(jobs: JobList) -> int:
    return sum(operands.job.m * operands.job.n for operands in jobs.operands)


def _read_results(path: Path) -> list[NDArray[np.int32]]:
    with np.load(path, allow_pickle=False) as arrays:
        return [arrays[f"arr_{index}"] for index in range(len(arrays))]


def _read_count(path: Path) -> int:
    # The bench may be writing it at this moment.
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return int(text) if text.isdecimal() else 0
