"""Logarithmic axes carry round numbers, not too many of them."""

import pytest

from bitnet_hw.log_axis import log_axis, log_position, log_ticks


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.9, 1.1, [1]),
        (15, 110, [15, 20, 30, 40, 50, 60, 80, 100]),
        (0.03, 2, [0.05, 0.1, 0.2, 0.5, 1, 2]),
        (0.5, 20_000, [1, 10, 100, 1000, 10_000]),
    ],
)
def test_log_ticks(low, high, ticks):
    assert log_ticks(low, high) == ticks


def test_axis():
    assert log_axis("<rate>", (1, 1000)) == {
        "title": {"text": "&lt;rate&gt;"},
        "type": "log",
        "range": [0, 3],
        "tickvals": [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
        "ticktext": ["1", "2", "5", "10", "20", "50", "100", "200", "500", "1000"],
    }


def test_position():
    assert [log_position(value, (1, 100)) for value in (1, 10, 100)] == [0, 0.5, 1]
