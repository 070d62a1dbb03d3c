import random
from itertools import islice

import pytest

from sim.pauses import PATTERNS, never


def cycles(name, count, seed=1):
    return list(islice(PATTERNS[name](random.Random(seed)), count))


def test_never_pauses():
    assert not any(islice(never(), 100))


def test_three_of_four_is_regular():
    pauses = cycles("three-of-four", 40)
    assert sum(pauses) == 30
    assert pauses[:36] == pauses[4:]


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("rarely", 0.05, 0.15), ("evenly", 0.4, 0.6), ("mostly", 0.85, 0.95), ("bursts", 0.4, 0.6)],
)
def test_share_of_pauses(name, low, high):
    assert low < sum(cycles(name, 5000)) / 5000 < high


def test_long_stalls_are_long():
    pauses = "".join(" #"[paused] for paused in cycles("long-stalls", 2000))
    stalls = [run for run in pauses[:1800].split(" ") if run][:-1]
    assert min(map(len, stalls)) >= 50
    assert max(map(len, stalls)) <= 150


@pytest.mark.parametrize("name", sorted(set(PATTERNS) - {"never"}))
def test_patterns_follow_the_seed_and_let_something_through(name):
    assert cycles(name, 500) == cycles(name, 500)
    assert cycles(name, 500) != cycles(name, 500, seed=2)
    assert not all(cycles(name, 500))
