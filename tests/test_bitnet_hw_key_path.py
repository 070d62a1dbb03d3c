"""Names of keys and values in messages."""

import pytest

from bitnet_hw.key_path import key_text, listing, nearest, printable, show, suggestion


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ((), ""),
        (("array",), "array"),
        (("array", "rows"), "array.rows"),
        (("sweep", "lanes", 2), "sweep.lanes[2]"),
        (("a", 0, "b"), "a[0].b"),
        (("a", "\x1b[31m"), r"a.'\x1b[31m'"),
        (("a", "x" * 1000), f"a.'{'x' * 59}..."),
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


def test_a_long_list_of_names_is_cut():
    assert listing(["a", "b"]) == "a, b"
    names = [f"n{number}" for number in range(100)]
    assert listing(names) == f"{', '.join(names[:30])} and 70 more"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é", "plain é"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("two\nlines", r"two\nlines"),
        ("\ud800\u202e", r"\ud800\u202e"),
    ],
)
def test_what_is_not_printable_is_escaped(text, shown):
    assert printable(text) == shown
    assert printable(text, 100) == shown
    assert printable(text * 100, 2) == f"{printable(text[:2])}..."
