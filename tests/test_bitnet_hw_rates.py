"""Exact ratios."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.rates import RATE_DENOMINATOR, ceil_cycles, words_per_cycles


@pytest.mark.parametrize(
    ("cycles_per_word", "expected"),
    [(0.2, (1, 1)), (1.0, (1, 1)), (1.5, (2, 3)), (10.0, (1, 10)), (739 / 670, (670, 739))],
)
def test_words_per_cycles(cycles_per_word, expected):
    assert words_per_cycles(cycles_per_word) == expected


@given(st.floats(1, 1e6))
def test_a_rate_is_close(cycles_per_word):
    words, cycles = words_per_cycles(cycles_per_word)
    assert 1 <= words <= RATE_DENOMINATOR
    assert abs(Fraction(cycles, words) - Fraction(cycles_per_word)) <= Fraction(1, 2000)


@given(st.integers(0, 10**15), st.floats(1e6, 1e10), st.floats(1e6, 1e13))
def test_ceil_cycles_is_exact(amount, clock_hz, per_second):
    cycles = ceil_cycles(amount, clock_hz, per_second)
    exact = Fraction(amount) * Fraction(clock_hz) / Fraction(per_second)
    assert cycles - 1 < exact <= cycles


def test_columns():
    cycles = ceil_cycles(100, np.array([1e9, 2e9, 1e9]), np.array([3e9, 3e9, 3e9]))
    assert cycles.tolist() == [34, 67, 34]
