"""A sweep of estimates: all its points as columns, and what is kept of them."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.batch.parquet_stream import NewFields, ParquetStream
from bitnet_hw.batch.stream import column_chunks
from bitnet_hw.batch.summary import SweepSummary
from bitnet_hw.batch.sweep_columns import SweepColumns
from bitnet_hw.exploration import Exploration
from bitnet_hw.expression import Expression
from bitnet_hw.interrupts import interrupts_deferred
from bitnet_hw.row import Row
from bitnet_hw.sweep import Sweep
from bitnet_hw.sweep_check import check_reported
from bitnet_hw.sweep_findings import findings

__all__ = ["KEEP_ALL", "estimate_sweep"]

KEEP_ALL = 20_000
"""Points of the largest sweep of which all rows are kept."""

_SAMPLE = 2_000
_PROBE = 256

_Progress = Callable[[int], None]
_Int64s = NDArray[np.int64]


def estimate_sweep(
    sweep: Sweep,
    *,
    jobs: int = 1,
    results: Path | None = None,
    on_progress: _Progress = lambda finished: None,
    keep_all: int = KEEP_ALL,
) -> Exploration:
    """Estimate the points of a sweep, without a line of Python for each.

    When the user interrupts, what is known of the points so far is returned; chunks of points are
    finished.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    jobs : int
        Threads.
    results : Path, optional
        Parquet file for the rows of a sweep of more than `keep_all` points, with a column
        ``feasible`` if there are constraints; there only when it is whole.
    on_progress : callable
        Called with the number of finished points.
    keep_all : int
        Points up to which all rows are returned. Of more, those of the front, of the best points
        for each objective and of a sample.

    Returns
    -------
    Exploration
        Rows in the order of the sweep.

    Raises
    ------
    ConfigError
        If an objective, a constraint or a wanted field is not one that estimates report.
    BitnetHwError
        If the file cannot be written.
    """
    # What the sweep itself decides is known before anything is estimated.
    beforehand = [item for item in sweep.constraints if item.fields <= set(sweep.values)]
    _check(sweep, beforehand)
    if sweep.points <= keep_all:
        return _all_rows(sweep, beforehand, jobs, on_progress)
    return _some_rows(sweep, beforehand, jobs, results, on_progress)


def _check(sweep: Sweep, beforehand: Sequence[Expression]) -> None:
    """Check the names that the sweep file uses against a point that has results."""
    columns = SweepColumns(sweep)
    indices = np.unique(np.linspace(0, sweep.points - 1, _PROBE).astype(np.int64))
    for constraint in beforehand:
        indices = indices[columns.holds(constraint, indices)]
    for row in columns.evaluate(indices).to_rows():
        if row["error"] is None:
            check_reported(sweep, row)
            return


def _all_rows(
    sweep: Sweep, beforehand: Sequence[Expression], jobs: int, on_progress: _Progress
) -> Exploration:
    summary = SweepSummary(sweep, sweep.constraints)
    numbers: list[_Int64s] = []
    rows: list[dict[str, Any]] = []
    stopped = ""
    chunks = column_chunks(sweep, jobs=jobs, beforehand=beforehand, on_progress=on_progress)
    with closing(chunks), interrupts_deferred() as interrupted:
        for indices, table in chunks:
            summary.add(indices, table)
            numbers.append(indices)
            rows += table.to_rows()
            if interrupted():
                stopped = "interrupted"
                break
    kept = np.concatenate(numbers) if numbers else np.empty(0, np.int64)
    return _exploration(sweep, summary, kept, rows, stopped)


def _some_rows(
    sweep: Sweep,
    beforehand: Sequence[Expression],
    jobs: int,
    results: Path | None,
    on_progress: _Progress,
) -> Exploration:
    wanted = None
    if sweep.fields is not None:
        read = (item.fields for item in sweep.constraints)
        wanted = {*sweep.fields, *sweep.objectives}.union(*read)
    fields: dict[str, Any] | None = None
    stopped = ""
    while True:
        summary = SweepSummary(sweep, sweep.constraints)
        chunks = column_chunks(
            sweep, jobs=jobs, fields=wanted, beforehand=beforehand, on_progress=on_progress
        )
        try:
            with (
                ParquetStream(results, fields) as file,
                closing(chunks),
                interrupts_deferred() as interrupted,
            ):
                for indices, table in chunks:
                    if sweep.constraints:
                        table.fill(None, {"feasible": summary.feasible(table)})
                    file.write(table)
                    summary.add(indices, table)
                    if interrupted():
                        stopped = "interrupted"
                        break
        except NewFields as new:
            fields = new.fields
            continue
        break
    spread = np.linspace(0, sweep.points - 1, _SAMPLE).astype(np.int64)
    first_failed = [] if summary.first_failed is None else [summary.first_failed]
    kept = np.unique(
        np.concatenate([summary.front(), *summary.best().values(), spread, first_failed])
    ).astype(np.int64)
    columns = SweepColumns(sweep)
    for constraint in beforehand:
        kept = kept[columns.holds(constraint, kept)]
    rows = columns.evaluate(kept).to_rows()
    return replace(_exploration(sweep, summary, kept, rows, stopped), streamed=results is not None)


def _exploration(
    sweep: Sweep,
    summary: SweepSummary,
    kept: _Int64s,
    rows: Sequence[dict[str, Any]],
    stopped: str,
) -> Exploration:
    always = {*sweep.values, "error"}
    return Exploration(
        axes=sweep.axes,
        objectives=sweep.objectives,
        rows=[
            Row({name: cell for name, cell in row.items() if cell is not None or name in always})
            for row in rows
        ],
        points=sweep.points,
        finished=summary.seen,
        failures=summary.failed,
        left_out=0 if stopped else sweep.points - summary.seen,
        **findings(sweep, summary, kept),
        stopped=stopped,
    )
