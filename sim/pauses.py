"""When a stream pauses: patterns of idle cycles for drivers and of back-pressure for sinks."""

import random
from collections.abc import Callable, Iterator

__all__ = ["PATTERNS", "Pattern", "never"]

Pattern = Iterator[bool]
"""Asked once for each cycle in which a transfer could be offered: True lets the cycle pass."""


def never(rng: random.Random | None = None) -> Pattern:
    """Yield False for ever."""
    while True:
        yield False


def _mostly(rng: random.Random) -> Pattern:
    """Pause in nine cycles of ten."""
    while True:
        yield rng.random() < 0.9


def _rarely(rng: random.Random) -> Pattern:
    """Pause in one cycle of ten."""
    while True:
        yield rng.random() < 0.1


def _evenly(rng: random.Random) -> Pattern:
    """Pause in every second cycle, at random."""
    while True:
        yield rng.random() < 0.5


def _three_of_four(rng: random.Random) -> Pattern:
    """Pause in three cycles of four, regularly."""
    cycle = rng.randrange(4)
    while True:
        yield cycle % 4 != 0
        cycle += 1


def _bursts(rng: random.Random) -> Pattern:
    """Alternate between short runs of transfers and short runs of pauses."""
    while True:
        for paused in (False, True):
            for _ in range(rng.randint(1, 12)):
                yield paused


def _long_stalls(rng: random.Random) -> Pattern:
    """Stop now and then for a time in which every queue of the design runs full or empty."""
    while True:
        for _ in range(rng.randint(20, 200)):
            yield False
        for _ in range(rng.randint(50, 150)):
            yield True


PATTERNS: dict[str, Callable[[random.Random], Pattern]] = {
    "never": never,
    "rarely": _rarely,
    "evenly": _evenly,
    "mostly": _mostly,
    "three-of-four": _three_of_four,
    "bursts": _bursts,
    "long-stalls": _long_stalls,
}
"""Patterns by name; each takes its random numbers from the generator that it is given."""
