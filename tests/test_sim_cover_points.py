"""Cover points count what happened, and nothing else."""

from dataclasses import dataclass

import pytest

from rtl.geometry import Geometry
from sim.cover_points import Bin, Coverage, CoverPoint, cases, cross, each
from sim.coverage_events import Event

GEOMETRY = Geometry(rows=1, lanes=1, weight_bus_bits=8, max_k=1, output_bus_words=1)


@dataclass(frozen=True, kw_only=True)
class Meal(Event):
    fruit: str
    pieces: int


@dataclass(frozen=True, kw_only=True)
class Walk(Event):
    pieces: int


FRUIT = CoverPoint("food", "fruit", Meal, each(("apple", "pear"), lambda e, name: e.fruit == name))
PIECES = cases(
    "food", "pieces", Meal, {"one": lambda e: e.pieces == 1, "many": lambda e: e.pieces > 1}
)
BOTH = cross("fruit x pieces", FRUIT, PIECES)


def meal(fruit, pieces):
    return Meal(geometry=GEOMETRY, fruit=fruit, pieces=pieces)


def test_bins_are_hit_by_what_happened():
    coverage = Coverage([FRUIT, PIECES, BOTH])
    coverage.sample([meal("apple", 1), meal("apple", 3), meal("apple", 3), meal("plum", 2)])
    assert coverage.counts() == {
        "fruit": {"apple": 3, "pear": 0},
        "pieces": {"one": 1, "many": 3},
        "fruit x pieces": {"apple, one": 1, "apple, many": 2, "pear, one": 0, "pear, many": 0},
    }
    assert coverage.missing(FRUIT) == ["pear"]
    assert coverage.missing(PIECES) == []
    assert coverage.missing(BOTH) == ["pear, one", "pear, many"]


def test_an_event_of_another_kind_hits_nothing():
    coverage = Coverage([PIECES])
    coverage.sample([Walk(geometry=GEOMETRY, pieces=1)])
    assert coverage.missing(PIECES) == ["one", "many"]


def test_nothing_happened():
    assert Coverage([FRUIT]).missing(FRUIT) == ["apple", "pear"]


def test_counts_of_runs_add_up():
    first, second = Coverage([FRUIT]), Coverage([FRUIT])
    first.sample([meal("apple", 1)])
    second.sample([meal("apple", 1), meal("pear", 1)])
    first.add(second.counts())
    assert first.counts() == {"fruit": {"apple": 2, "pear": 1}}
    with pytest.raises(ValueError, match=r"^Counts must be of the same points and bins$"):
        first.add({"fruit": {"apple": 1}})
    with pytest.raises(ValueError, match=r"^Counts must be of the same points and bins$"):
        first.add(Coverage([PIECES]).counts())


def test_names_must_differ():
    twice = [Bin("one", lambda e: True)] * 2
    with pytest.raises(ValueError, match=r"^Cover point x must have bins of different names$"):
        CoverPoint("food", "x", Meal, twice)
    with pytest.raises(ValueError, match=r"^Cover point x must have bins of different names$"):
        CoverPoint("food", "x", Meal, [])
    with pytest.raises(ValueError, match=r"^Cover points must have different names$"):
        Coverage([FRUIT, FRUIT])


def test_only_points_of_one_event_cross():
    walks = cases("food", "walks", Walk, {"one": lambda e: e.pieces == 1})
    with pytest.raises(ValueError, match=r"^Cover point x must cross points of one event$"):
        cross("x", FRUIT, walks)
