"""Which rows of a table hold to constraints."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.batch.column import ColumnTable
from bitnet_hw.expression import Expression

__all__ = ["TableFields", "holds_all"]


def holds_all(constraints: Sequence[Expression], table: ColumnTable) -> NDArray[np.bool_]:
    """Tell for each row whether it holds to all constraints.

    A row that has no value for a field that a constraint reads does not hold to it, unless the
    constraint does not care for the value.
    """
    holds = np.ones(table.rows, np.bool_)
    fields = TableFields(table)
    for constraint in constraints:
        holds &= np.broadcast_to(constraint(fields), table.rows).astype(np.bool_)
    return holds


class TableFields(Mapping[str, Any]):
    """The fields of a table as an expression reads them: NaN where a number is missing."""

    def __init__(self, table: ColumnTable) -> None:
        self._table = table

    def __getitem__(self, name: str) -> Any:
        column = self._table.columns.get(name)
        if column is None:
            return np.full(self._table.rows, np.nan)
        if column.present is None or column.values.dtype == object:
            return column.values
        return column.numbers()

    def __iter__(self) -> Any:
        return iter(self._table.columns)

    def __len__(self) -> int:
        return len(self._table.columns)
