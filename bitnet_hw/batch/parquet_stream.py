"""A Parquet file that grows chunk by chunk and is there only when it is whole."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow
import pyarrow.parquet

from bitnet_hw.atomic_files import temporary_file, unwritable
from bitnet_hw.batch.column import Column, ColumnTable

__all__ = ["NewFields", "ParquetStream"]

# They have no type information.
_arrow: Any = pyarrow
_parquet: Any = pyarrow.parquet


class NewFields(Exception):
    """A chunk has fields that the first one did not have: write again with `fields` from the start.

    Parameters
    ----------
    fields : dict of str to DataType
        All fields so far.
    """

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__("A chunk has fields that the chunks before it did not have")
        self.fields = fields


class ParquetStream:
    """Writes chunks of rows into one file; a context manager.

    Parameters
    ----------
    path : Path or None
        The file; replaced when all is written, left alone after an error. None: what is written is
        checked for new fields, and forgotten.
    fields : dict of str to DataType, optional
        Columns and their types; without it those of the first chunk.

    Raises
    ------
    BitnetHwError
        If the file cannot be written.
    """

    def __init__(self, path: Path | None, fields: dict[str, Any] | None = None) -> None:
        self._path = path
        self._stack = ExitStack()
        self._temporary: Path | None = None
        self._fields = fields
        self._writer: Any = None

    def __enter__(self) -> Self:
        if self._path is not None:
            try:
                self._temporary = self._stack.enter_context(temporary_file(self._path))
            except OSError as failed:
                raise unwritable(self._path.parent, failed) from failed
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._path is None or self._temporary is None:
            return
        try:
            if self._writer is not None:
                self._writer.close()
                if kind is None:
                    self._temporary.replace(self._path)
        except OSError as failed:
            raise unwritable(self._path.parent, failed) from failed
        finally:
            self._stack.close()

    def write(self, table: ColumnTable) -> None:
        """Append the rows of a chunk."""
        arrays = {name: _array(column) for name, column in table.columns.items()}
        found = {name: array.type for name, array in arrays.items()}
        if self._fields is None:
            self._fields = found
        wider = _wider(self._fields, found)
        if wider != self._fields:
            raise NewFields(wider)
        if self._path is None:
            return
        if self._temporary is None:
            raise ValueError("A stream must be entered before it is written to")
        columns = [
            arrays[name].cast(kind) if name in arrays else _arrow.nulls(table.rows, kind)
            for name, kind in self._fields.items()
        ]
        rows = _arrow.table(columns, names=list(self._fields))
        try:
            if self._writer is None:
                self._writer = _parquet.ParquetWriter(
                    self._temporary, rows.schema, compression="zstd", compression_level=1
                )
            self._writer.write_table(rows)
        except OSError as failed:
            raise unwritable(self._path.parent, failed) from failed


def _array(column: Column) -> Any:
    values = column.values
    if values.dtype != object:
        mask = None if column.present is None else ~column.present
        return _arrow.array(np.ascontiguousarray(values), mask=mask)
    kinds = (
        {type(value) for value in values[column.present] if value is not None}
        if (column.present is not None)
        else {type(value) for value in values}
    )
    if kinds <= {str}:
        return _arrow.array(values, _arrow.string(), mask=_absent(column))
    if kinds <= {int, float}:
        return _arrow.array(values, _arrow.float64(), mask=_absent(column))
    texts = np.array([None if value is None else str(value) for value in values], object)
    return _arrow.array(texts, _arrow.string(), mask=_absent(column))


def _absent(column: Column) -> Any:
    return None if column.present is None else ~column.present


def _wider(fields: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that hold both; an integer and a float are a float, anything else text."""
    wider = dict(fields)
    for name, kind in found.items():
        old = wider.setdefault(name, kind)
        if old != kind:
            numbers = {str(old), str(kind)} <= {"int64", "double"}
            wider[name] = _arrow.float64() if numbers else _arrow.string()
    return wider
