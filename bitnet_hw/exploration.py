"""The outcome of a sweep: a row for each finished point, and which are on the Pareto front."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bitnet_hw.batch.column import ColumnTable
from bitnet_hw.batch.constraints import holds_all
from bitnet_hw.expression import Expression
from bitnet_hw.notebook import NotebookResult
from bitnet_hw.pareto import front_order
from bitnet_hw.quantity import Quantity, quantity
from bitnet_hw.row import Row

__all__ = ["Exploration"]


@dataclass(frozen=True, kw_only=True)
class Exploration(NotebookResult):
    """Finished points of a sweep.

    Parameters
    ----------
    axes : sequence of str
        The fields that were swept, the first one varying slowest.
    objectives : mapping of str to str
        ``"min"`` or ``"max"`` by reported field.
    rows : sequence of Row
        One for each finished point, in the order of the sweep. The text in
        ``"error"`` of a point that failed is not None, and its results are missing. Of a large
        sweep, the front, the best points and a sample of the others.
    points : int
        Points of the whole sweep; more than finished ones if it was interrupted.
    finished, failures : int
        Points that were evaluated, and those of them that failed; None: as many as there are rows.
    left_out : int
        Points that were not evaluated, because what the sweep gives breaks a constraint.
    constraints : sequence of Expression
        What a point must hold to, to be on the front.
    outside : int
        Evaluated points that break one.
    best : mapping of str to sequence of int
        Indices of the rows of the best points for each objective, best first.
    effects : mapping of str to mapping
        By axis and objective, the factor by which its geometric mean changes over the axis.
    streamed : bool
        The rows of all points are in a file that was written on the way.
    reused : int
        Rows taken from an earlier run.
    stopped : str
        Why the sweep ended early; empty if it did not.
    """

    axes: Sequence[str]
    objectives: Mapping[str, str]
    rows: Sequence[Row]
    points: int
    finished: int | None = None
    failures: int | None = None
    left_out: int = 0
    constraints: Sequence[Expression] = ()
    outside: int = 0
    best: Mapping[str, Sequence[int]] = field(default_factory=dict)
    effects: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    streamed: bool = False
    reused: int = 0
    stopped: str = ""

    @property
    def finished_points(self) -> int:
        """Points that were evaluated."""
        return len(self.rows) if self.finished is None else self.finished

    @property
    def failed_points(self) -> int:
        """Points that were evaluated in vain."""
        return len(self.failed) if self.failures is None else self.failures

    @cached_property
    def feasible(self) -> tuple[bool, ...]:
        """For each row, whether it has results and holds to all constraints."""
        good = [row.get("error") is None for row in self.rows]
        if self.constraints:
            holds = holds_all(self.constraints, ColumnTable.of_rows(self.rows))
            good = [left and bool(right) for left, right in zip(good, holds, strict=True)]
        return tuple(good)

    @cached_property
    def front(self) -> tuple[int, ...]:
        """Indices of the rows on the Pareto front, best first objective first."""
        values = np.array(
            [[_number(row.get(name)) for name in self.objectives] for row in self.rows],
            dtype=np.float64,
        ).reshape(len(self.rows), len(self.objectives))
        values[~np.array(self.feasible, np.bool_)] = np.nan
        order = front_order(values, list(self.objectives.values()))
        return tuple(int(index) for index in order)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Every field of any row: the swept ones first, then in the order in which they appear."""
        fields = dict.fromkeys(self.axes)
        for row in self.rows:
            fields.update(dict.fromkeys(row))
        return tuple(fields)

    @cached_property
    def failed(self) -> tuple[int, ...]:
        """Indices of the rows whose point failed."""
        return tuple(index for index, row in enumerate(self.rows) if row.get("error") is not None)

    @cached_property
    def displays(self) -> Mapping[str, Quantity]:
        """How each field is shown, scaled for the values of all rows."""
        return {
            name: quantity(name, (row.get(name) for row in self.rows))
            for name in dict.fromkeys((*self.columns, *self.objectives))
        }

    def summary_fields(self) -> tuple[str, ...]:
        """Return the fields that a short table shows: what was swept, then the objectives."""
        return tuple(dict.fromkeys((*self.axes, *self.objectives)))


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return float("nan")
