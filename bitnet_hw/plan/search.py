"""The exact search: every design is looked at, and only the best ones are remembered."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.expression import Expression
from bitnet_hw.plan.requirement import Requirement

__all__ = ["Leaders", "Search"]

Int64s = NDArray[np.int64]
Float64s = NDArray[np.float64]


class Leaders:
    """The designs with the least costs of all that were added.

    The first cost decides, then the second, ..., then which comes first in the search. A cost that
    is NaN is more than any other.

    Parameters
    ----------
    size : int
        How many designs are remembered.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._rows: Float64s | None = None

    def add(self, costs: Float64s, indices: Int64s) -> None:
        """Add designs.

        Parameters
        ----------
        costs : array
            float64, one row for each design.
        indices : array
            int64: their numbers.
        """
        rows = np.column_stack([costs, indices])
        if self._rows is not None:
            if len(self._rows) == self._size:
                # Most designs of a long search are out of the question at the first cost.
                rows = rows[~(rows[:, 0] > self._rows[-1, 0])]
            rows = np.concatenate([self._rows, rows])
        # lexsort takes the last key as the first.
        self._rows = rows[np.lexsort(rows.T[::-1])][: self._size]

    @property
    def indices(self) -> tuple[int, ...]:
        """Numbers of the designs, the least first."""
        return () if self._rows is None else tuple(int(index) for index in self._rows[:, -1])

    @property
    def least(self) -> float:
        """First cost of the first design; infinite without one."""
        return np.inf if self._rows is None or not len(self._rows) else float(self._rows[0, 0])


class Search:
    """What is remembered of the designs while they go by.

    Parameters
    ----------
    requirements : sequence of Requirement
        What a system must do.
    smallest : sequence of Expression
        What decides which of two systems is smaller.
    top : int
        How many of the smallest are remembered.

    Members
    -------
    possible : int
        Designs that hold to all requirements.
    smallest : Leaders
        The smallest of these.
    of_group : dict of int to Leaders
        The smallest of these in each group.
    relaxed : tuple of Leaders
        For each requirement the designs that hold to all others and miss it least.
    closest : Leaders
        The design whose worst miss is the least, whatever it misses.
    closest_of_group : dict of int to Leaders
        The same in each group.
    fewest : Leaders
        The design that misses the fewest requirements.
    """

    def __init__(
        self, requirements: Sequence[Requirement], smallest: Sequence[Expression], top: int
    ) -> None:
        self._requirements = requirements
        self._sizes = smallest
        self.possible = 0
        self.smallest = Leaders(top)
        self.of_group: dict[int, Leaders] = {}
        self.relaxed = tuple(Leaders(1) for _ in requirements)
        self.closest = Leaders(1)
        self.closest_of_group: dict[int, Leaders] = {}
        self.fewest = Leaders(1)

    def add(self, indices: Int64s, columns: Mapping[str, Any], groups: Int64s) -> None:
        """Take designs into account.

        Parameters
        ----------
        indices : array
            int64: numbers of the designs.
        columns : mapping of str to array
            Their fields.
        groups : array
            int64: the group of each.
        """
        rows = len(indices)
        sizes = np.column_stack([
            np.broadcast_to(size(columns), rows).astype(np.float64) for size in self._sizes
        ])
        excess = np.column_stack([
            requirement.excess(columns, rows) for requirement in self._requirements
        ])
        missed = excess > 0
        count = missed.sum(axis=1)
        worst = excess.max(axis=1)
        good = count == 0
        self.possible += int(np.count_nonzero(good))
        self.smallest.add(sizes[good], indices[good])
        for number, leaders in enumerate(self.relaxed):
            only = (count == 1) & missed[:, number]
            leaders.add(np.column_stack([excess[only, number], sizes[only]]), indices[only])
        costs = np.column_stack([worst, sizes])
        self.closest.add(costs, indices)
        self.fewest.add(np.column_stack([count, costs]), indices)
        for group in np.unique(groups):
            here = groups == group
            fit = here & good
            if fit.any():
                self.of_group.setdefault(group, Leaders(1)).add(sizes[fit], indices[fit])
            self.closest_of_group.setdefault(group, Leaders(1)).add(costs[here], indices[here])
