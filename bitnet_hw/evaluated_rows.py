"""The rows of expensive points: each one kept as soon as it is there, and none given up early."""

import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass

from bitnet_hw.errors import ToolMissing
from bitnet_hw.point_store import PointStore
from bitnet_hw.row import Row
from bitnet_hw.sweep import Sweep
from bitnet_hw.sweep_point import Point, failed_row, point_key
from bitnet_hw.workers import PointLost, Workers, WorkersGone

__all__ = ["MOST_ATTEMPTS", "evaluated_rows"]

MOST_ATTEMPTS = 3
"""Processes that a point may take with it. With the last one nothing else runs, so that there is
all the memory for it, and no neighbour to blame."""

_POLL_SECONDS = 1.0


def evaluated_rows(
    sweep: Sweep,
    indices: Sequence[int],
    make_workers: Callable[[], Workers],
    store: PointStore | None,
) -> Generator[tuple[int, Row]]:
    """Evaluate points of a sweep, as many at a time as the workers have places.

    A point whose process dies is tried again. One that cannot be evaluated is a row with its error.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    indices : sequence of int
        Numbers of the points.
    make_workers : callable
        Makes what evaluates them, if there are any; closed at the end, also at a premature one.
    store : PointStore, optional
        Where every row with results is kept before it is given out.

    Yields
    ------
    int, Row
        The number of a point and its row, in the order in which they are finished.

    Raises
    ------
    WorkersGone
        If there is nothing left to evaluate points.
    ToolMissing
        If a worker lacks what every point needs.
    """
    if not indices:
        return
    workers = make_workers()
    waiting, suspects = deque(indices), deque[int]()
    attempts: Counter[int] = Counter()
    running: dict[Future[Row], _Submitted] = {}
    complete = False
    try:
        while waiting or suspects or running:
            places = workers.places()
            while waiting and len(running) < places:
                _submit(sweep, waiting.popleft(), workers, running)
            if places and suspects and not running:
                _submit(sweep, suspects.popleft(), workers, running, alone=True)
            if not running:
                time.sleep(_POLL_SECONDS)
            finished, _ = wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            gone: WorkersGone | None = None
            for future in finished:
                submitted = running.pop(future)
                number = submitted.number
                try:
                    row = _row(workers, future, submitted)
                except PointLost as lost:
                    attempts[number] += lost.attempts
                    # Nothing is given up whose loss may be a neighbour's fault.
                    if attempts[number] < MOST_ATTEMPTS or not submitted.alone:
                        alone = attempts[number] >= MOST_ATTEMPTS - 1
                        (suspects if alone else waiting).append(number)
                        continue
                    row = failed_row(
                        submitted.point, f"The process of the point {lost.reason}, each time"
                    )
                except WorkersGone as error:
                    # Others may have finished before.
                    gone = error
                    continue
                if store is not None and row["error"] is None:
                    store.put(row)
                yield number, row
            if gone is not None:
                raise gone
        complete = True
    finally:
        workers.close(abandon=not complete)


@dataclass(frozen=True)
class _Submitted:
    number: int
    point: Point
    key: str | None
    alone: bool


def _submit(
    sweep: Sweep,
    number: int,
    workers: Workers,
    running: dict[Future[Row], _Submitted],
    *,
    alone: bool = False,
) -> None:
    point = sweep.point(number)
    # The key now: program and files may change while the point is evaluated.
    submitted = _Submitted(number, point, point_key(point), alone)
    running[workers.submit(point)] = submitted


def _row(workers: Workers, future: Future[Row], submitted: _Submitted) -> Row:
    """Return what came of a point; what went wrong with it alone is a row, too."""
    point = submitted.point
    try:
        row = workers.row(future)
    except (PointLost, WorkersGone, ToolMissing):
        raise
    except Exception as error:
        return failed_row(point, f"{type(error).__name__}: {error}")
    if row["error"] is None and row["key"] != submitted.key:
        return failed_row(
            point,
            "The worker must run the same bitnet-hw, and find the same files, as this process",
        )
    return row
