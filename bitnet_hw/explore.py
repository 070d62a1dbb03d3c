"""Running a sweep: its rows in order, whatever computes them and whatever happens to some."""

import multiprocessing
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from concurrent.futures.process import ProcessPoolExecutor
from contextlib import closing
from itertools import islice
from typing import Protocol

from bitnet_hw.errors import ConfigError
from bitnet_hw.evaluated_rows import evaluated_rows
from bitnet_hw.evaluators import EVALUATORS
from bitnet_hw.exploration import Exploration
from bitnet_hw.interrupts import interrupts_ignored
from bitnet_hw.key_path import suggestion
from bitnet_hw.local_workers import LocalWorkers
from bitnet_hw.point_store import PointStore
from bitnet_hw.row import Row
from bitnet_hw.sweep import Sweep
from bitnet_hw.sweep_point import evaluate_point, evaluate_points, point_key
from bitnet_hw.workers import Workers, WorkersGone

__all__ = ["EarlierRows", "MakeExecutor", "local_processes", "run_sweep"]

MakeExecutor = Callable[[int], Executor]
"""Makes an executor, as `concurrent.futures` defines it, for a number of jobs."""


class EarlierRows(Protocol):
    """Rows by the key of their point: a mapping, or a `PointStore`."""

    def get(self, key: str, /) -> Row | None:
        """Return the row of a key, None if there is none."""


# Starting other processes takes some tenths of a second: not worth it for less work than this.
_SERIAL_SECONDS = 1.0
_CHUNK_SECONDS = 0.25
_MAX_CHUNK = 1000
# Chunks handed out for each process: enough to keep it busy, few enough to stop soon.
_CHUNKS_PER_JOB = 3
# After an interruption, the time for the chunks that are being computed.
_GRACE_SECONDS = 2.0


def local_processes(jobs: int) -> Executor:
    """Return an executor of `jobs` processes on this machine."""
    # Not forked: a copy of a process with threads, such as that of a progress bar, can deadlock.
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))


def run_sweep(
    sweep: Sweep,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    earlier: EarlierRows | None = None,
    store: PointStore | None = None,
    on_progress: Callable[[int], None] = lambda finished: None,
    make_executor: MakeExecutor = local_processes,
    serial_seconds: float = _SERIAL_SECONDS,
) -> Exploration:
    """Evaluate the points of a sweep.

    A point that fails is a row with the text of its error. The rows do not depend on `jobs` and
    `scheduler`. When the user interrupts, or nothing is left to evaluate points, the finished ones
    are returned.

    Parameters
    ----------
    sweep : Sweep
        The points and objectives, and what is asked about each point.
    jobs : int
        Processes. For estimates, the first points run in this one, and all of them if they take
        little time.
    scheduler : str, optional
        Address of a Dask scheduler, ``tcp://HOST:PORT``, whose workers evaluate the points instead.
    earlier : EarlierRows, optional
        Rows of an earlier run: they are not computed again.
    store : PointStore, optional
        Where each row with results is kept as soon as it is there; not for estimates in this
        process.
    on_progress : callable
        Called with the number of finished points.
    make_executor : callable
        What estimates run on when there are too many for this process.
    serial_seconds : float
        Time for which estimates run in this process before an executor is made.

    Returns
    -------
    Exploration
        Rows in the order of the sweep.

    Raises
    ------
    ConfigError
        If an objective is not a number that the evaluator reports, or there is no such scheduler.
    ToolMissing
        If a program or package is missing that every point needs.
    """
    rows = _Rows(sweep, on_progress)
    if earlier is not None:
        for index in range(sweep.points):
            row = earlier.get(point_key(sweep.point(index)) or "")
            if row is not None:
                rows.add(index, row)
    reused, stopped = len(rows.finished), ""
    todo = [index for index in range(sweep.points) if index not in rows.finished]
    if scheduler is None and sweep.evaluate == "estimate":
        found = _estimated_rows(sweep, todo, jobs, make_executor, serial_seconds)
    else:
        found = evaluated_rows(sweep, todo, lambda: _workers(sweep, jobs, scheduler), store)
    try:
        with closing(found):
            for index, row in found:
                rows.add(index, row)
    except KeyboardInterrupt:
        stopped = "interrupted"
    except BrokenExecutor as error:
        stopped = f"a process died ({error})"
    except WorkersGone as error:
        stopped = str(error)
    return Exploration(
        axes=sweep.axes,
        objectives=sweep.objectives,
        rows=[rows.finished[index] for index in sorted(rows.finished)],
        points=sweep.points,
        reused=reused,
        stopped=stopped,
    )


class _Rows:
    """The finished rows by the number of their point."""

    def __init__(self, sweep: Sweep, on_progress: Callable[[int], None]) -> None:
        self.finished: dict[int, Row] = {}
        self._sweep = sweep
        self._on_progress = on_progress
        self._checked = False

    def add(self, index: int, row: Row) -> None:
        """Keep a row; the first one with results decides whether the objectives exist."""
        self.finished[index] = row
        if not self._checked and row["error"] is None:
            _check_objectives(self._sweep, row)
            self._checked = True
        self._on_progress(len(self.finished))


def _workers(sweep: Sweep, jobs: int, scheduler: str | None) -> Workers:
    fields = EVALUATORS[sweep.evaluate].fields
    if scheduler is None:
        return LocalWorkers(jobs, fields)
    # Imported here: few sweeps need a cluster.
    from bitnet_hw.dask_workers import DaskWorkers

    return DaskWorkers(scheduler, fields)


def _estimated_rows(
    sweep: Sweep,
    indices: Sequence[int],
    jobs: int,
    make_executor: MakeExecutor,
    serial_seconds: float,
) -> Generator[tuple[int, Row]]:
    """Estimate points: yield their numbers and rows, in any order."""
    started = time.monotonic()
    done = 0
    for found in _run_here(sweep, indices, serial_seconds if jobs > 1 else None):
        yield found
        done += 1
    seconds_per_point = (time.monotonic() - started) / max(done, 1)
    rest = indices[done:]
    if len(rest) * seconds_per_point < serial_seconds:
        yield from _run_here(sweep, rest, None)
    else:
        size = min(max(int(_CHUNK_SECONDS / seconds_per_point), 1), _MAX_CHUNK)
        # Every process gets something to do.
        size = min(size, -(-len(rest) // jobs))
        with make_executor(jobs) as executor:
            yield from _run_on(executor, sweep, _chunks(rest, size), jobs * _CHUNKS_PER_JOB)


def _run_here(
    sweep: Sweep, indices: Sequence[int], seconds: float | None
) -> Iterator[tuple[int, Row]]:
    """Estimate points one after the other until the time is over."""
    started = time.monotonic()
    for index in indices:
        if seconds is not None and time.monotonic() - started >= seconds:
            return
        yield index, evaluate_point(sweep.point(index))


def _run_on(
    executor: Executor, sweep: Sweep, chunks: Iterator[Sequence[int]], most_running: int
) -> Iterator[tuple[int, Row]]:
    """Estimate points on an executor, a bounded number of chunks at a time."""
    running: dict[Future[list[Row]], Sequence[int]] = {}
    try:
        while True:
            for chunk in islice(chunks, most_running - len(running)):
                points = [sweep.point(index) for index in chunk]
                with interrupts_ignored():
                    running[executor.submit(evaluate_points, points)] = chunk
            if not running:
                return
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                yield from zip(running[future], future.result(), strict=True)
                del running[future]
    except BaseException as error:
        executor.shutdown(wait=False, cancel_futures=True)
        if not isinstance(error, GeneratorExit):
            finished, _ = wait(running, timeout=_GRACE_SECONDS)
            for future in finished:
                if not future.cancelled() and future.exception() is None:
                    yield from zip(running[future], future.result(), strict=True)
        raise


def _chunks(indices: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(indices), size):
        yield indices[start : start + size]


def _check_objectives(sweep: Sweep, row: Row) -> None:
    numbers = [
        name
        for name, value in row.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    for name in sweep.objectives:
        if name not in numbers:
            raise ConfigError(
                f"{sweep.file.where(('objectives', name))}: objectives.{name} must be a number "
                f"that evaluate: {sweep.evaluate} reports; {suggestion(name, numbers)}"
            )
