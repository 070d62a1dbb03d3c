"""Exact ratios of clocks and rates: the same on every machine, whatever a float rounds to."""

from fractions import Fraction
from functools import lru_cache, partial

from bitnet_hw.elementwise import for_each_distinct

__all__ = ["RATE_DENOMINATOR", "ceil_cycles", "words_per_cycles"]

RATE_DENOMINATOR = 1000
"""Largest number of words in the ratio of a rate. Cycles per word are then off by at most 1/2000,
and mostly by a part in a million."""


def words_per_cycles(cycles_per_word: float) -> tuple[int, int]:
    """Return a rate as words and the cycles in which they come, at most one in a cycle.

    Parameters
    ----------
    cycles_per_word : float
        What the memory needs for a word of the stream.
    """
    if cycles_per_word <= 1:
        return 1, 1
    ratio = Fraction(cycles_per_word).limit_denominator(RATE_DENOMINATOR)
    return ratio.denominator, ratio.numerator


def ceil_cycles(amount: int, clock_hz: float, per_second: float) -> int:
    """Return the cycles, rounded up, in which an amount comes at a rate."""
    cycles: int = for_each_distinct(partial(_ceil_cycles, amount), clock_hz, per_second)
    return cycles


@lru_cache(maxsize=1 << 16)
def _ceil_cycles(amount: int, clock_hz: float, per_second: float) -> int:
    return -(-(Fraction(amount) * Fraction(clock_hz)) // Fraction(per_second))
