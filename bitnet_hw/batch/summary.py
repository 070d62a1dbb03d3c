"""What is remembered of a sweep while its points go by: numbers of points, never rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.batch.column import ColumnTable
from bitnet_hw.batch.constraints import holds_all
from bitnet_hw.expression import Expression
from bitnet_hw.pareto import front_order, not_dominated, pareto_mask
from bitnet_hw.sweep import Sweep

__all__ = ["SweepSummary"]

Int64s = NDArray[np.int64]


class SweepSummary:
    """The front, the best points and the effect of each axis, of the points so far.

    Its memory does not grow with the number of points, but for those on the front. Points must be
    added in the order of the sweep.

    Parameters
    ----------
    sweep : Sweep
        Axes and objectives.
    constraints : sequence of Expression
        What a point must hold to, to be on the front or among the best.
    best : int
        How many of the best points for each objective are remembered.

    Members
    -------
    seen, failed, outside : int
        Points added; those without results; those with results that break a constraint.
    first_failed : int or None
        Number of the first point without results.
    """

    def __init__(self, sweep: Sweep, constraints: Sequence[Expression], best: int = 10) -> None:
        self._sweep = sweep
        self._constraints = constraints
        self._best = best
        self._directions = list(sweep.objectives.values())
        self._front = np.empty(0, np.int64)
        self._values = np.empty((0, len(self._directions)))
        self._leaders = [np.empty((0, 2)) for _ in self._directions]
        self._logs = {
            name: np.zeros((len(self._directions), 2, len(sweep.values[name])))
            for name in sweep.axes
        }
        self.seen = self.failed = self.outside = 0
        self.first_failed: int | None = None

    def feasible(self, table: ColumnTable) -> NDArray[np.bool_]:
        """Tell for each row whether it has results and holds to the constraints."""
        return _good(table) & holds_all(self._constraints, table)

    def add(self, indices: Int64s, table: ColumnTable) -> None:
        """Take points into account.

        Parameters
        ----------
        indices : array
            int64: numbers of the points, increasing.
        table : ColumnTable
            Their rows, with the objectives and what the constraints read.
        """
        good, feasible = _good(table), self.feasible(table)
        self.seen += len(indices)
        self.failed += int(np.count_nonzero(~good))
        if self.first_failed is None and not good.all():
            self.first_failed = int(indices[np.argmin(good)])
        self.outside += int(np.count_nonzero(good & ~feasible))
        values = np.stack(
            [
                table.columns[name].numbers()
                if name in table.columns
                else np.full(len(indices), np.nan)
                for name in self._sweep.objectives
            ],
            axis=1,
        )
        self._add_to_front(indices[feasible], values[feasible])
        self._add_to_best(indices[feasible], values[feasible])
        self._add_to_effects(indices[feasible], values[feasible])

    def front(self) -> Int64s:
        """Return the numbers of the points on the Pareto front, best first objective first."""
        return self._front[front_order(self._values, self._directions)]

    def best(self) -> dict[str, Int64s]:
        """Return the numbers of the best points for each objective, best first."""
        return {
            name: leaders[:, 1].astype(np.int64)
            for name, leaders in zip(self._sweep.objectives, self._leaders, strict=True)
        }

    def effects(self) -> dict[str, dict[str, float]]:
        """Return by axis and objective how much its mean changes over the axis.

        The geometric mean over all points with one value of the axis: the largest over the
        smallest. NaN where an objective is not positive.
        """
        effects: dict[str, dict[str, float]] = {}
        for axis, sums in self._logs.items():
            effects[axis] = {}
            for objective, (count, total) in zip(self._sweep.objectives, sums, strict=True):
                means = total[count > 0] / count[count > 0]
                spread = np.exp(np.ptp(means)) if len(means) else np.nan
                effects[axis][objective] = float(spread)
        return effects

    def _add_to_front(self, indices: Int64s, values: NDArray[np.float64]) -> None:
        new = np.flatnonzero(not_dominated(values, self._values, self._directions))
        indices, values = indices[new], values[new]
        indices = np.concatenate([self._front, indices])
        values = np.concatenate([self._values, values])
        keep = pareto_mask(values, self._directions)
        self._front, self._values = indices[keep], values[keep]

    def _add_to_best(self, indices: Int64s, values: NDArray[np.float64]) -> None:
        for number, direction in enumerate(self._directions):
            cost = values[:, number] if direction == "min" else -values[:, number]
            leaders = self._leaders[number]
            # NaN is not below anything.
            limit = leaders[-1, 0] if len(leaders) == self._best else np.inf
            known = cost <= limit
            new = np.stack([cost[known], indices[known].astype(np.float64)], axis=1)
            both = np.concatenate([leaders, new])
            # Of equal points, the first one in the sweep.
            self._leaders[number] = both[np.lexsort((both[:, 1], both[:, 0]))[: self._best]]

    def _add_to_effects(self, indices: Int64s, values: NDArray[np.float64]) -> None:
        rest = indices
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(values)
        for axis, choices in reversed(list(self._sweep.values.items())):
            rest, places = np.divmod(rest, len(choices))
            if axis in self._logs:
                for number in range(values.shape[1]):
                    sums = self._logs[axis][number]
                    sums[0] += np.bincount(places, minlength=len(choices))
                    sums[1] += np.bincount(places, logs[:, number], len(choices))


def _good(table: ColumnTable) -> NDArray[np.bool_]:
    """Tell for each row whether it has results."""
    error = table.columns["error"].present
    return np.ones(table.rows, np.bool_) if error is None else ~error
