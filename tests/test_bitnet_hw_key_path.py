"""Names of keys and values in messages."""

import pytest

from bitnet_hw.key_path import key_text, nearest, show, suggestion


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ((), ""),
        (("array",), "array"),
        (("array", "rows"), "array.rows"),
        (("sweep", "lanes", 2), "sweep.lanes[2]"),
        (("a", 0, "b"), "a[0].b"),
    ],
)
def test_key_text(keys, text):
    assert key_text(keys) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("many", "'many'"),
        (12, "12"),
        (True, "True"),
        (None, "None"),
        ({"a": 1}, "a block of keys"),
        ([1, 2, 3], "a list of 3"),
    ],
)
def test_show(value, text):
    assert show(value) == text


def test_show_is_never_longer_than_a_line():
    assert len(show("x" * 1_000_000)) < 80
    assert len(show(10**60)) < 80


def test_nearest():
    assert nearest("row", ["rows", "lanes"]) == "rows"
    assert nearest("eff", ["efficiency", "effort"]) == "efficiency"
    assert nearest("zzz", ["rows", "lanes"]) is None
    assert nearest("", ["rows"]) is None


def test_suggestion():
    assert suggestion("lane", ["rows", "lanes"]) == "did you mean 'lanes'?"
    assert suggestion("zzz", ["rows", "lanes"]) == "known are lanes, rows"
