"""Comparisons that take numbers, or columns of numbers for many designs at once.

The estimator's formulas are arithmetic, which Python writes alike for a number and for a NumPy
array. Where a formula takes the larger of two values it calls `larger`; so one text of it serves
`bitnet_hw.estimate` and `bitnet_hw.batch`. NumPy is not imported for plain numbers.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["chosen", "floor", "for_each_distinct", "larger", "largest_key"]

_REMEMBERED = 64


class _Memory(threading.local):
    """What was distinct in the last columns of a thread."""

    def __init__(self) -> None:
        self.places: OrderedDict[tuple[int, ...], tuple[Any, Any, Any]] = OrderedDict()


_memory = _Memory()


def larger(left: Any, right: Any) -> Any:
    """Return the larger of two numbers, element by element if one is a column."""
    if _is_number(left) and _is_number(right):
        return max(left, right)
    import numpy as np

    return np.maximum(left, right)


def floor(value: Any) -> Any:
    """Return a positive number, or a column of them, rounded down to an integer."""
    return int(value) if _is_number(value) else value.astype("int64")


def chosen(condition: Any, value: Any) -> Any:
    """Return the value where the condition holds, and 0.0 elsewhere."""
    if isinstance(condition, bool):
        return value if condition else 0.0
    import numpy as np

    return np.where(condition, value, 0.0)


def largest_key(values: Mapping[str, Any]) -> Any:
    """Return the key of the largest value, the first of several; a column of keys for columns."""
    if all(_is_number(value) for value in values.values()):
        return max(values, key=lambda name: values[name])
    import numpy as np

    columns = np.broadcast_arrays(*values.values())
    return np.array(list(values))[np.argmax(np.stack(columns), axis=0)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def for_each_distinct(function: Callable[..., Any], *values: Any) -> Any:
    """Return a function of numbers; called once for each distinct combination of columns.

    For functions that NumPy has not, or rounds differently. What was distinct in the last columns
    is remembered, as several functions follow each other on the same columns.
    """
    if all(_is_number(value) for value in values):
        return function(*values)
    import numpy as np

    places = _memory.places
    key = tuple(id(value) for value in values)
    if key in places:
        places.move_to_end(key)
        distinct, inverse, _ = places[key]
    else:
        columns = np.broadcast_arrays(*values)
        codes = np.zeros(columns[0].shape, np.int64)
        for column in columns:
            kinds, code = np.unique(column, return_inverse=True)
            codes = codes * len(kinds) + code
        _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
        distinct = list(zip(*(column[first].tolist() for column in columns), strict=True))
        # The values are kept, so that nothing else can get their identities.
        places[key] = distinct, inverse, values
        if len(places) > _REMEMBERED:
            places.popitem(last=False)
    return np.array([function(*combination) for combination in distinct])[inverse]
