"""Weight rates of many designs: the best fraction of a small denominator, for a whole column."""

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.rates import RATE_DENOMINATOR

__all__ = ["words_per_cycles_columns"]

Int64s = NDArray[np.int64]


def words_per_cycles_columns(cycles_per_word: NDArray[np.float64]) -> tuple[Int64s, Int64s]:
    """Return what `bitnet_hw.rates.words_per_cycles` returns, for a column.

    ``Fraction.limit_denominator`` step by step: the last convergent of the continued fraction whose
    denominator is small enough, or a semiconvergent if it is nearer. All numbers are integers below
    2^63: a float above 1 has a denominator of at most 2^52, and rates beyond 2^40 cycles per word
    are none that a memory has.

    Parameters
    ----------
    cycles_per_word : array
        float64, positive, below 2^40.

    Returns
    -------
    tuple of array
        int64: words, and the cycles in which they come.
    """
    slow = cycles_per_word > 1
    mantissa, exponent = np.frexp(np.where(slow, cycles_per_word, 1.0))
    # The float as a fraction in lowest terms.
    numerator = (mantissa * 2.0**53).astype(np.int64)
    shift = 53 - exponent.astype(np.int64)
    low_bit = numerator & -numerator
    zeros = np.minimum(np.log2(low_bit).astype(np.int64), shift)
    numerator >>= zeros
    denominator = np.left_shift(np.int64(1), shift - zeros)

    exact = denominator <= RATE_DENOMINATOR
    p0, q0 = np.zeros_like(numerator), np.ones_like(numerator)
    p1, q1 = np.ones_like(numerator), np.zeros_like(numerator)
    n, d = numerator.copy(), denominator.copy()
    active = slow & ~exact
    while active.any():
        whole = n // np.where(active, d, 1)
        q2 = q0 + whole * q1
        active &= q2 <= RATE_DENOMINATOR
        p0, q0, p1, q1 = (
            np.where(active, new, old)
            for new, old in ((p1, p0), (q1, q0), (p0 + whole * p1, p1), (q2, q1))
        )
        n, d = np.where(active, d, n), np.where(active, n - whole * d, d)
    steps = (RATE_DENOMINATOR - q0) // np.maximum(q1, 1)
    p_between, q_between = p0 + steps * p1, q0 + steps * q1
    # The convergent is at least as near if 2 d (q0 + k q1) is at most the denominator.
    nearer = d <= denominator // (2 * np.maximum(q_between, 1))
    words = np.where(exact, denominator, np.where(nearer, q1, q_between))
    cycles = np.where(exact, numerator, np.where(nearer, p1, p_between))
    return np.where(slow, words, 1), np.where(slow, cycles, 1)
