"""Columns of a table that is filled part by part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Column", "ColumnTable"]


@dataclass(frozen=True)
class Column:
    """The values of one field.

    Parameters
    ----------
    values : array
        One for each row; anything where there is none.
    present : array of bool, optional
        Where there is one; None if everywhere.
    """

    values: NDArray[Any]
    present: NDArray[np.bool_] | None = None

    def cell(self, row: int) -> Any:
        """Return the value of a row as Python has it; None if there is none."""
        if self.present is not None and not self.present[row]:
            return None
        value = self.values[row]
        return value.item() if isinstance(value, np.generic) else value

    def cells(self) -> list[Any]:
        """Return all values as Python has them; None where there is none."""
        values: list[Any] = self.values.tolist()
        if self.present is None:
            return values
        return [
            value if there else None
            for value, there in zip(values, self.present.tolist(), strict=True)
        ]

    def numbers(self) -> NDArray[np.float64]:
        """Return the values as numbers; NaN where there is none, or a text."""
        if self.values.dtype.kind not in "biuf":
            return np.full(len(self.values), np.nan)
        numbers = self.values.astype(np.float64)
        if self.present is not None:
            numbers[~self.present] = np.nan
        return numbers


class ColumnTable:
    """A table of a known number of rows, whose fields come with the rows that have them.

    Parameters
    ----------
    rows : int
        Number of rows.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.columns: dict[str, Column] = {}

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Any]]) -> "ColumnTable":
        """Return the table of rows that are mappings."""
        table = cls(len(rows))
        for name in dict.fromkeys(name for row in rows for name in row):
            values = [row.get(name) for row in rows]
            kinds = {type(value) for value in values if value is not None}
            have = [index for index, value in enumerate(values) if value is not None]
            given = [values[index] for index in have]
            kind = None if len(kinds) == 1 or kinds == {int, float} else object
            table.fill(np.array(have, np.int64), {name: np.array(given, kind)})
        return table

    def to_rows(self) -> list[dict[str, Any]]:
        """Return the rows as mappings of Python's own numbers; None where there is no value."""
        names = list(self.columns)
        cells = [self.columns[name].cells() for name in names]
        return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]

    def fill(self, where: NDArray[np.int64] | None, fields: Mapping[str, Any]) -> None:
        """Set fields of some rows.

        Parameters
        ----------
        where : array of int64 or None
            The rows; None for all.
        fields : mapping of str to object
            For each field one value for all these rows, or an array with one for each. None is no
            value.
        """
        for name, value in fields.items():
            given = np.asarray(value)
            if given.dtype.kind in "UO":
                given = np.asarray(value, object)
            if where is None and given.dtype != object:
                self.columns[name] = Column(np.broadcast_to(given, (self.rows,)))
                continue
            column = self._open(name, given.dtype)
            rows = slice(None) if where is None else where
            assert column.present is not None
            column.values[rows] = given
            column.present[rows] = given != np.array(None) if given.dtype == object else True

    def _open(self, name: str, dtype: np.dtype[Any]) -> Column:
        """Return a column that takes values of a type, made or widened if need be."""
        old = self.columns.get(name)
        if old is None:
            column = Column(np.zeros(self.rows, dtype), np.zeros(self.rows, np.bool_))
        else:
            kind = dtype if old.values.dtype == dtype else np.promote_types(old.values.dtype, dtype)
            present = np.ones(self.rows, np.bool_) if old.present is None else old.present
            writable = old.values.astype(kind, copy=kind != old.values.dtype)
            if not writable.flags.writeable:
                writable = writable.copy()
            column = Column(writable, present)
        self.columns[name] = column
        return column
