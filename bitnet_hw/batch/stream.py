"""A sweep of estimates from its first point to its last, in a memory that does not grow."""

from collections import deque
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.batch.column import ColumnTable
from bitnet_hw.batch.sweep_columns import SweepColumns
from bitnet_hw.estimate_dict import estimate_fields
from bitnet_hw.estimate_result import Estimate
from bitnet_hw.expression import Expression
from bitnet_hw.sweep import Sweep

__all__ = ["CHUNK", "column_chunks"]

CHUNK = 1 << 15
"""Points that are estimated together: their columns just fit into a cache of the second level."""


def column_chunks(
    sweep: Sweep,
    *,
    jobs: int,
    fields: Collection[str] | None = None,
    beforehand: Sequence[Expression] = (),
    report: Callable[[Estimate], Mapping[str, Any]] = estimate_fields,
    explain: bool = True,
    chunk: int = CHUNK,
    on_progress: Callable[[int], None] = lambda finished: None,
) -> Generator[tuple[NDArray[np.int64], ColumnTable]]:
    """Yield the points of a sweep and their rows, chunk by chunk in the order of the sweep.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    jobs : int
        Threads: most of the time is spent in NumPy, which lets others run.
    fields : collection of str, optional
        The reported fields that are wanted; without it all.
    beforehand : sequence of Expression
        Constraints over nothing but fields of the sweep. Points that break one are left out and
        cost no time.
    report, explain : callable, bool
        As of `SweepColumns`.
    chunk : int
        Points of a chunk.
    on_progress : callable
        Called with the number of finished points, those left out included.
    """
    columns = SweepColumns(sweep, fields, report=report, explain=explain)

    def evaluate(start: int) -> tuple[NDArray[np.int64], ColumnTable]:
        indices = np.arange(start, min(start + chunk, sweep.points))
        for constraint in beforehand:
            indices = indices[columns.holds(constraint, indices)]
        return indices, columns.evaluate(indices)

    running: deque[Future[tuple[NDArray[np.int64], ColumnTable]]] = deque()
    starts = iter(range(0, sweep.points, chunk))
    pool = ThreadPoolExecutor(jobs)
    finished = 0
    try:
        while True:
            while len(running) <= jobs and (start := next(starts, None)) is not None:
                running.append(pool.submit(evaluate, start))
            if not running:
                return
            indices, table = running.popleft().result()
            if len(indices):
                yield indices, table
            finished = min(finished + chunk, sweep.points)
            on_progress(finished)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
