"""Rows go to Parquet and CSV, and come back from Parquet."""

import io

import pyarrow.parquet as pq

from bitnet_hw.exploration import Exploration
from bitnet_hw.result_files import csv_bytes, parquet_bytes
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
