"""Ranges of a sweep file are exact, and wrong ones are named."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.errors import ConfigError
from bitnet_hw.sweep_range import is_range, range_values

KEYS = ("sweep", "array.rows")


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"from": 8, "to": 32, "step": 8}, [8, 16, 24, 32]),
        ({"from": 8, "to": 30, "step": 8}, [8, 16, 24]),
        ({"from": 5, "to": 5, "step": 1}, [5]),
        ({"from": 0.1, "to": 0.3, "step": 0.1}, [0.1, 0.2, 0.3]),
        ({"from": 1, "to": 2, "step": 0.5}, [1.0, 1.5, 2.0]),
        ({"from": -4, "to": 4, "step": 4}, [-4, 0, 4]),
        ({"from": 8, "to": 100, "log2": True}, [8, 16, 32, 64]),
        ({"from": 0.25, "to": 1, "log2": True}, [0.25, 0.5, 1.0]),
        ({"from": 1, "to": 2000, "times": 10}, [1, 10, 100, 1000]),
        ({"from": 0.1, "to": 1, "times": 1.5}, [0.1, 0.15, 0.225, 0.3375, 0.50625, 0.759375]),
        ({"from": 100, "to": 200, "points": 3}, [100, 150, 200]),
        ({"from": 0, "to": 1, "points": 3}, [0, 0.5, 1]),
    ],
)
def test_values(block, expected):
    found = range_values(block, where=lambda keys: "", keys=KEYS)
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


@given(st.integers(-1000, 1000), st.integers(0, 500), st.integers(1, 50))
def test_integer_steps_are_python_ranges(low, length, step):
    block = {"from": low, "to": low + length, "step": step}
    found = range_values(block, where=lambda keys: "", keys=KEYS)
    assert found == list(range(low, low + length + 1, step))


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"from": 1, "to": 9, "stop": 2}, "sweep.array.rows.stop must be a known key of"),
        (
            {"from": 1, "step": 2},
            (
                "sweep.array.rows must be a range of from, to and one of step, log2, times, "
                "points, not of from, step"
            ),
        ),
        (
            {"from": 1, "to": 9, "step": 1, "points": 3},
            (
                "sweep.array.rows must be a range of from, to and one of step, log2, times, "
                "points, not of from, to, step, points"
            ),
        ),
        ({"from": 9, "to": 1, "step": 1}, "sweep.array.rows.to must be at least from (9), not 1"),
        ({"from": 1, "to": 9, "step": 0}, "sweep.array.rows.step must be above 0, not 0"),
        ({"from": 1, "to": 9, "step": -1}, "sweep.array.rows.step must be above 0, not -1"),
        ({"from": "a", "to": 9, "step": 1}, "sweep.array.rows.from must be a number, not 'a'"),
        ({"from": 1, "to": True, "step": 1}, "sweep.array.rows.to must be a number, not True"),
        (
            {"from": 0, "to": 9, "log2": True},
            "sweep.array.rows.from must be above 0 to be multiplied, not 0",
        ),
        ({"from": 1, "to": 9, "log2": 3}, "sweep.array.rows.log2 must be true, not 3"),
        ({"from": 1, "to": 9, "times": 1}, "sweep.array.rows.times must be above 1, not 1"),
        (
            {"from": 1, "to": 9000000, "times": 1.001},
            "sweep.array.rows must have at most 1000 values, not more",
        ),
        (
            {"from": 1, "to": 9, "points": 1},
            "sweep.array.rows.points must be an integer from 2 to 10000, not 1",
        ),
        (
            {"from": 1, "to": 10**12, "step": 1},
            "sweep.array.rows must have at most 10000 values, not 1000000000000",
        ),
    ],
)
def test_wrong_ranges(block, message):
    with pytest.raises(ConfigError, match=f"^s.yaml:3: {re.escape(message)}"):
        range_values(block, where=lambda keys: "s.yaml:3", keys=KEYS)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"from": 1}, True),
        ({"log2": True}, True),
        ({"base": "ddr4-64"}, False),
        ([1, 2], False),
        (3, False),
    ],
)
def test_is_range(value, expected):
    assert is_range(value) is expected
