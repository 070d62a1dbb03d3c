"""Weight rates of columns, against the exact fraction of each."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.batch.rate_columns import words_per_cycles_columns
from bitnet_hw.rates import words_per_cycles

RATES = st.one_of(
    st.floats(1e-3, 2.0**39),
    st.floats(1, 20),
    # Exact and nearly exact fractions of small denominators.
    st.fractions(1, 50, max_denominator=1100).map(float),
    st.integers(1, 51).map(lambda bit: 1 + 2.0**-bit),
    st.integers(1, 10**6).map(float),
)


@given(st.lists(RATES, min_size=1, max_size=50))
def test_equal_to_the_exact_fraction(rates):
    words, cycles = words_per_cycles_columns(np.array(rates))
    assert list(zip(words.tolist(), cycles.tolist(), strict=True)) == [
        words_per_cycles(rate) for rate in rates
    ]


def test_literal():
    words, cycles = words_per_cycles_columns(np.array([0.3, 1.0, 1.5, 2.0, 3.141592653589793]))
    assert words.tolist() == [1, 1, 2, 1, 113]
    assert cycles.tolist() == [1, 1, 3, 2, 355]
