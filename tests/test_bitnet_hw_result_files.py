"""Rows go to Parquet and CSV, and come back from Parquet."""

import io
import re

import pyarrow.parquet as pq
import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.exploration import Exploration
from bitnet_hw.result_files import csv_bytes, parquet_bytes, read_rows
from bitnet_hw.row import Row

ROWS = (
    {"array.rows": 16, "kind": 'a,\n"b"', "error": None, "speed": 1, "big": 2**63, "key": "k0"},
    {"array.rows": 32, "kind": 5, "error": 'not "good"'},
    {"array.rows": 64, "kind": True, "error": None, "speed": 2.5, "big": 1, "key": "k2"},
)


def exploration(rows=ROWS):
    return Exploration(
        axes=("array.rows", "kind"),
        objectives={"speed": "max"},
        rows=[Row(row) for row in rows],
        points=3,
    )


def test_csv():
    assert csv_bytes(exploration()).decode() == (
        "array.rows,kind,error,pareto,speed,big,key\n"
        '16,"a,\n""b""",,false,1.0,9.223372036854776e+18,k0\n'
        '32,5,"not ""good""",false,,,\n'
        "64,true,,true,2.5,1.0,k2\n"
    )


def test_parquet():
    table = pq.read_table(io.BytesIO(parquet_bytes(exploration())))
    assert [str(kind) for kind in table.schema.types] == [
        *("int64", "string", "string", "bool", "double", "double", "string")
    ]
    assert table.to_pylist()[2] == {
        "array.rows": 64,
        "kind": "true",
        "error": None,
        "pareto": True,
        "speed": 2.5,
        "big": 1.0,
        "key": "k2",
    }


def test_the_same_rows_give_the_same_bytes():
    assert csv_bytes(exploration()) == csv_bytes(exploration())
    assert parquet_bytes(exploration()) == parquet_bytes(exploration())


def test_rows_come_back_by_key_without_the_failed_ones(tmp_path):
    path = tmp_path / "r.parquet"
    path.write_bytes(parquet_bytes(exploration()))
    rows = read_rows(path)
    assert list(rows) == ["k0", "k2"]
    assert rows["k0"] == {**ROWS[0], "speed": 1.0, "big": float(2**63)}
    assert list(rows["k0"]) == list(ROWS[0])
    # Written again beside new rows they are the same.
    again = exploration([rows["k0"], ROWS[1], ROWS[2]])
    assert csv_bytes(again) == csv_bytes(exploration())


def test_no_earlier_rows(tmp_path):
    assert read_rows(tmp_path / "none.parquet") == {}


def test_files_that_are_not_ours(tmp_path):
    path = tmp_path / "r.parquet"
    path.write_bytes(b"not parquet")
    with pytest.raises(ConfigError) as error:
        read_rows(path)
    assert re.fullmatch(
        rf"{path} must be the results of an earlier exploration \(.*\); "
        r"remove it, or explore without --resume",
        str(error.value),
    )
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match=rf"^{path} must be readable: Is a directory$"):
        read_rows(path)
