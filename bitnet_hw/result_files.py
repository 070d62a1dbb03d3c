"""The rows of a sweep as Parquet and CSV."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pyarrow
import pyarrow.parquet

from bitnet_hw.exploration import Exploration

__all__ = ["csv_bytes", "parquet_bytes"]

# They have no type information.
_arrow: Any = pyarrow
_parquet: Any = pyarrow.parquet

_ON_FRONT = "pareto"
_INT64 = range(-(1 << 63), 1 << 63)


def parquet_bytes(exploration: Exploration) -> bytes:
    """Return one row for each finished point as Parquet, with a column ``pareto``."""
    types = {
        bool: _arrow.bool_(),
        int: _arrow.int64(),
        float: _arrow.float64(),
        str: _arrow.string(),
    }
    names, columns = [], []
    for name, kind, values in _columns(exploration):
        names.append(name)
        columns.append(_arrow.array(values, type=types[kind]))
    file = io.BytesIO()
    _parquet.write_table(_arrow.table(columns, names=names), file, compression="zstd")
    return file.getvalue()


def csv_bytes(exploration: Exploration) -> bytes:
    """Return the same table as CSV: UTF-8, a header, numbers with all their digits."""
    names, columns = [], []
    for name, _, values in _columns(exploration):
        names.append(name)
        columns.append(values)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in zip(*columns, strict=True):
        writer.writerow([_csv_cell(value) for value in row])
    return text.getvalue().encode()


def _columns(exploration: Exploration) -> Sequence[tuple[str, type, list[Any]]]:
    """Return name, type and values of each column: the values of a column have one type."""
    front = set(exploration.front)
    columns: list[tuple[str, type, list[Any]]] = []
    for name in exploration.columns:
        columns.append((name, *_one_type([row.get(name) for row in exploration.rows])))
        if name == "error":
            on_front = [index in front for index in range(len(exploration.rows))]
            columns.append((_ON_FRONT, bool, on_front))
    return columns


def _one_type(values: list[Any]) -> tuple[type, list[Any]]:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int} and all(value is None or value in _INT64 for value in values):
        return int, values
    if kinds and kinds <= {int, float}:
        return float, [None if value is None else float(value) for value in values]
    if kinds == {bool}:
        return bool, values
    return str, [
        value if value is None or isinstance(value, str) else json.dumps(value) for value in values
    ]


def _csv_cell(value: object) -> object:
    return json.dumps(value) if isinstance(value, bool) else value
