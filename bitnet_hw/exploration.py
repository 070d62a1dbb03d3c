"""The outcome of a sweep: a row for each finished point, and which are on the Pareto front."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bitnet_hw.pareto import front_order
from bitnet_hw.quantity import Quantity, quantity
from bitnet_hw.row import Row

__all__ = ["Exploration"]


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """Finished points of a sweep.

    Parameters
    ----------
    axes : sequence of str
        The fields that were swept, the first one varying slowest.
    objectives : mapping of str to str
        ``"min"`` or ``"max"`` by reported field.
    rows : sequence of Row
        One for each finished point, in the order of the sweep. The text in
        ``"error"`` of a point that failed is not None, and its results are missing.
    points : int
        Points of the whole sweep; more than rows if it was interrupted.
    reused : int
        Rows taken from an earlier run.
    stopped : str
        Why the sweep ended early; empty if it did not.
    """

    axes: Sequence[str]
    objectives: Mapping[str, str]
    rows: Sequence[Row]
    points: int
    reused: int = 0
    stopped: str = ""

    @cached_property
    def front(self) -> tuple[int, ...]:
        """Indices of the rows on the Pareto front, best first objective first."""
        values = np.array(
            [[_number(row.get(field)) for field in self.objectives] for row in self.rows],
            dtype=np.float64,
        ).reshape(len(self.rows), len(self.objectives))
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
            field: quantity(field, (row.get(field) for row in self.rows))
            for field in dict.fromkeys((*self.columns, *self.objectives))
        }

    def summary_fields(self) -> tuple[str, ...]:
        """Return the fields that a short table shows: what was swept, then the objectives."""
        return tuple(dict.fromkeys((*self.axes, *self.objectives)))


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return float("nan")
