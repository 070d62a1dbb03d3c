"""Cycles of a matrix product on a systolic array, as SCALE-Sim counts them: a closed form.

The tool walks through all cycles. Each fold (the part of a product that fits the array) pays for
filling and draining, folds do not overlap, and the count starts at 0.
"""

from collections.abc import Callable

__all__ = ["SYSTOLIC_CYCLES"]


def weight_stationary(rows: int, columns: int, m: int, k: int, n: int) -> int:
    """Return the cycles if inputs are spread over rows and outputs over columns."""
    return -(-k // rows) * -(-n // columns) * (2 * rows + columns + m - 2) - 1


def output_stationary(rows: int, columns: int, m: int, k: int, n: int) -> int:
    """Return the cycles if tokens are spread over rows and outputs over columns."""
    return -(-m // rows) * -(-n // columns) * (rows + columns + k - 2) - 1


SYSTOLIC_CYCLES: dict[str, Callable[[int, int, int, int, int], int]] = {
    "ws": weight_stationary,
    "os": output_stationary,
}
"""By dataflow: cycles from rows and columns of the array, and m, k and n of the product."""
