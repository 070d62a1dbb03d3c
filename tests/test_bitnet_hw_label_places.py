"""Labels stand where there is room."""

import math
import time

from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.label_places import axis_positions, place_labels

SHARES = st.floats(0, 1)


def test_one_above_one_below_and_then_there_is_no_room():
    assert place_labels([(0.5, 0.5)] * 3) == ["above", "below", ""]
    assert place_labels([(0.1, 0.5), (0.5, 0.5)]) == ["above", "above"]
    # The second point stands where the first label would.
    assert place_labels([(0.5, 0.5), (0.5, 0.545)]) == ["below", "above"]
    assert place_labels([]) == []


@given(st.lists(st.tuples(SHARES, SHARES), max_size=60))
def test_no_label_runs_into_another_or_a_point(places):
    sides = place_labels(places)
    labels = [
        (x, y + {"above": 0.045, "below": -0.045}[side])
        for (x, y), side in zip(places, sides, strict=True)
        if side
    ]
    for index, (x, y) in enumerate(labels):
        for u, v in labels[:index]:
            assert abs(x - u) >= 0.055 or abs(y - v) >= 0.035
        for u, v in places:
            assert abs(x - u) >= 0.03 or abs(y - v) >= 0.02


def test_very_many_points_take_no_time():
    places = [(index / 100_000, math.sqrt(index / 100_000)) for index in range(100_000)]
    started = time.monotonic()
    sides = place_labels(places)
    assert time.monotonic() - started < 1
    assert 10 < sum(bool(side) for side in sides) < 60


def test_axis_positions():
    assert axis_positions([5.0, 10.0], logarithmic=False) == [0.5, 1.0]
    assert axis_positions([-5.0, 5.0], logarithmic=False) == [0.0, 1.0]
    assert axis_positions([1.0, 10.0, 100.0], logarithmic=True) == [0.0, 0.5, 1.0]
    assert axis_positions([0.0, 0.0], logarithmic=False) == [0.0, 0.0]
    assert axis_positions([], logarithmic=True) == []
