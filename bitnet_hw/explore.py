"""Running a sweep: its rows in order, whatever computes them and whatever happens to some."""

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Protocol

import numpy as np

from bitnet_hw.batch.column import ColumnTable
from bitnet_hw.batch.summary import SweepSummary
from bitnet_hw.estimated_points import estimate_sweep
from bitnet_hw.evaluated_rows import evaluated_rows
from bitnet_hw.evaluators import EVALUATORS
from bitnet_hw.exploration import Exploration
from bitnet_hw.local_workers import LocalWorkers
from bitnet_hw.point_store import PointStore
from bitnet_hw.row import Row
from bitnet_hw.sweep import Sweep
from bitnet_hw.sweep_check import check_reported
from bitnet_hw.sweep_findings import findings
from bitnet_hw.sweep_point import point_key
from bitnet_hw.workers import Workers, WorkersGone

__all__ = ["EarlierRows", "run_sweep"]


class EarlierRows(Protocol):
    """Rows by the key of their point: a mapping, or a `PointStore`."""

    def get(self, key: str, /) -> Row | None:
        """Return the row of a key, None if there is none."""


def run_sweep(
    sweep: Sweep,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    earlier: EarlierRows | None = None,
    store: PointStore | None = None,
    results: Path | None = None,
    on_progress: Callable[[int], None] = lambda finished: None,
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
        Processes; threads for estimates.
    scheduler : str, optional
        Address of a Dask scheduler, ``tcp://HOST:PORT``, whose workers evaluate the points instead.
    earlier : EarlierRows, optional
        Rows of an earlier run: they are not computed again. Estimates on this machine are: reading
        them takes longer.
    store : PointStore, optional
        Where each row with results is kept as soon as it is there; not for estimates on this
        machine.
    results : Path, optional
        Parquet file for the rows of a sweep of estimates that is too large for the memory; see
        `bitnet_hw.estimated_points.estimate_sweep`.
    on_progress : callable
        Called with the number of finished points.

    Returns
    -------
    Exploration
        Rows in the order of the sweep.

    Raises
    ------
    ConfigError
        If an objective, a constraint or a wanted field is not one that the evaluator reports, or
        there is no such scheduler.
    ToolMissing
        If a program or package is missing that every point needs.
    """
    if scheduler is None and sweep.evaluate == "estimate":
        return estimate_sweep(sweep, jobs=jobs, results=results, on_progress=on_progress)
    rows = _Rows(sweep, on_progress)
    if earlier is not None:
        for index in range(sweep.points):
            row = earlier.get(point_key(sweep.point(index)) or "")
            if row is not None:
                rows.add(index, row)
    reused, stopped = len(rows.finished), ""
    todo = [index for index in range(sweep.points) if index not in rows.finished]
    found = evaluated_rows(sweep, todo, lambda: _workers(sweep, jobs, scheduler), store)
    try:
        with closing(found):
            for index, row in found:
                rows.add(index, row)
    except KeyboardInterrupt:
        stopped = "interrupted"
    except WorkersGone as error:
        stopped = str(error)
    return _exploration(sweep, rows.finished, reused, stopped)


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
            check_reported(self._sweep, row)
            self._checked = True
        self._on_progress(len(self.finished))


def _workers(sweep: Sweep, jobs: int, scheduler: str | None) -> Workers:
    fields = EVALUATORS[sweep.evaluate].fields
    if scheduler is None:
        return LocalWorkers(jobs, fields)
    # Imported here: few sweeps need a cluster.
    from bitnet_hw.dask_workers import DaskWorkers

    return DaskWorkers(scheduler, fields)


def _exploration(
    sweep: Sweep, finished: Mapping[int, Row], reused: int, stopped: str
) -> Exploration:
    indices = np.array(sorted(finished), np.int64)
    rows = [finished[int(index)] for index in indices]
    summary = SweepSummary(sweep, sweep.constraints)
    if rows:
        summary.add(indices, ColumnTable.of_rows(rows))
    return Exploration(
        axes=sweep.axes,
        objectives=sweep.objectives,
        rows=rows,
        points=sweep.points,
        **findings(sweep, summary, indices),
        reused=reused,
        stopped=stopped,
    )
