"""The decode steps of a request: at which contexts they are estimated, and their sum."""

from collections.abc import Mapping
from itertools import pairwise

__all__ = ["decode_contexts", "mean_context", "sum_over_contexts"]

_MOST_CONTEXTS = 33


def decode_contexts(prompt: int, generate: int) -> tuple[int, ...]:
    """Return the contexts of the decode steps that are estimated: all of them, or 33 of them.

    The steps between are interpolated: time and energy of attention are linear in the context, but
    for the point at which arithmetic takes longer than transfer, and for rounding up.
    """
    intervals = generate - 2
    if intervals < 1:
        return (prompt + 1,) * (generate - 1)
    parts = min(_MOST_CONTEXTS - 1, intervals)
    return tuple(prompt + 1 + part * intervals // parts for part in range(parts + 1))


def mean_context(prompt: int, generate: int) -> int:
    """Return the mean context of the decode steps of a request, rounded up."""
    return prompt + (generate + 1) // 2


def sum_over_contexts(values: Mapping[int, float]) -> float:
    """Return the sum over all contexts from the first to the last, by the trapezoid rule."""
    if not values:
        return 0.0
    points = list(values.items())
    between = sum(
        (right - left) * (one + other) / 2 for (left, one), (right, other) in pairwise(points)
    )
    return between + (points[0][1] + points[-1][1]) / 2
