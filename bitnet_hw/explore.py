"""Running a sweep: its points in order, on several processes, whatever happens to some of them."""

import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from concurrent.futures.process import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice

from bitnet_hw.errors import ConfigError
from bitnet_hw.exploration import Exploration
from bitnet_hw.key_path import suggestion
from bitnet_hw.row import Row
from bitnet_hw.sweep import Sweep
from bitnet_hw.sweep_point import evaluate_point, evaluate_points, point_key

__all__ = ["MakeExecutor", "local_processes", "run_sweep"]

MakeExecutor = Callable[[int], Executor]
"""Makes an executor, as `concurrent.futures` defines it, for a number of jobs."""

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
    earlier: Mapping[str, Row] | None = None,
    on_progress: Callable[[int], None] = lambda finished: None,
    make_executor: MakeExecutor = local_processes,
    serial_seconds: float = _SERIAL_SECONDS,
) -> Exploration:
    """Estimate the points of a sweep.

    A point that fails is a row with the text of its error. The rows do not depend on `jobs`. When
    the user interrupts, or a process dies, the finished points are returned.

    Parameters
    ----------
    sweep : Sweep
        The points and objectives.
    jobs : int
        Processes. The first points run in this one, and all of them if they take little time.
    earlier : mapping of str to mapping, optional
        Rows of an earlier run by the key of their point: they are not computed again.
    on_progress : callable
        Called with the number of finished points.
    make_executor : callable
        What the points run on when there are too many for this process.
    serial_seconds : float
        Time for which points run in this process before an executor is made.

    Returns
    -------
    Exploration
        Rows in the order of the sweep.

    Raises
    ------
    ConfigError
        If an objective is not a number that estimates report.
    """
    rows = _Rows(sweep, on_progress)
    if earlier:
        for index in range(sweep.points):
            row = earlier.get(point_key(sweep.point(index)) or "")
            if row is not None:
                rows.add([index], [row])
    reused, stopped = len(rows.finished), ""
    try:
        todo = [index for index in range(sweep.points) if index not in rows.finished]
        started = time.monotonic()
        done = _run_here(sweep, todo, rows, serial_seconds if jobs > 1 else None)
        seconds_per_point = (time.monotonic() - started) / max(done, 1)
        rest = todo[done:]
        if len(rest) * seconds_per_point < serial_seconds:
            _run_here(sweep, rest, rows, None)
        else:
            size = min(max(int(_CHUNK_SECONDS / seconds_per_point), 1), _MAX_CHUNK)
            # Every process gets something to do.
            size = min(size, -(-len(rest) // jobs))
            with make_executor(jobs) as executor:
                _run_on(executor, sweep, _chunks(rest, size), rows, jobs * _CHUNKS_PER_JOB)
    except KeyboardInterrupt:
        stopped = "interrupted"
    except BrokenExecutor as error:
        stopped = f"a process died ({error})"
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

    def add(self, indices: Iterable[int], rows: Sequence[Row]) -> None:
        """Keep rows; the first one with results decides whether the objectives exist."""
        self.finished.update(zip(indices, rows, strict=True))
        if not self._checked:
            for row in rows:
                if row["error"] is None:
                    _check_objectives(self._sweep, row)
                    self._checked = True
                    break
        self._on_progress(len(self.finished))


def _run_here(sweep: Sweep, indices: Sequence[int], rows: _Rows, seconds: float | None) -> int:
    """Estimate points one after the other until the time is over; return how many."""
    started = time.monotonic()
    for count, index in enumerate(indices):
        if seconds is not None and time.monotonic() - started >= seconds:
            return count
        rows.add([index], [evaluate_point(sweep.point(index))])
    return len(indices)


def _run_on(
    executor: Executor,
    sweep: Sweep,
    chunks: Iterator[Sequence[int]],
    rows: _Rows,
    most_running: int,
) -> None:
    """Estimate points on an executor, a bounded number of chunks at a time."""
    running: dict[Future[list[Row]], Sequence[int]] = {}
    try:
        while True:
            for chunk in islice(chunks, most_running - len(running)):
                points = [sweep.point(index) for index in chunk]
                with _interrupts_ignored():
                    running[executor.submit(evaluate_points, points)] = chunk
            if not running:
                return
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                rows.add(running[future], future.result())
                del running[future]
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        finished, _ = wait(running, timeout=_GRACE_SECONDS)
        for future in finished:
            if not future.cancelled() and future.exception() is None:
                rows.add(running[future], future.result())
        raise


def _chunks(indices: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(indices), size):
        yield indices[start : start + size]


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Start processes that leave Ctrl-C, which reaches all processes of a terminal, to this one.

    A process inherits that a signal is ignored, also while it has not yet run a line of its own.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


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
                f"that estimates report; {suggestion(name, numbers)}"
            )
