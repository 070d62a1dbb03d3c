"""A row behaves like a dictionary and shares its keys."""

import pickle

import pytest

from bitnet_hw.row import Row

FIELDS = {"b": 1, "a": 2.5, "c": None}


def test_row_is_a_mapping():
    row = Row(FIELDS)
    assert row == FIELDS
    assert list(row) == ["b", "a", "c"]
    assert (row["a"], row.get("c", 7), row.get("d", 7), len(row)) == (2.5, None, 7, 3)
    assert "d" not in row
    assert repr(row) == "Row({'b': 1, 'a': 2.5, 'c': None})"
    with pytest.raises(KeyError):
        row["d"]


def test_rows_share_their_keys():
    assert Row(FIELDS)._place is Row({"b": 5, "a": 6, "c": 7})._place
    assert Row(FIELDS)._place is not Row({"a": 6, "b": 5, "c": 7})._place


def test_row_survives_pickling():
    row = pickle.loads(pickle.dumps(Row(FIELDS)))
    assert row == FIELDS
    assert row._place is Row(FIELDS)._place
