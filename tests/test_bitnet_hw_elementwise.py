"""Functions of numbers and of columns: the same result, element by element."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.elementwise import chosen, floor, for_each_distinct, larger, largest_key

NUMBERS = st.floats(-1e9, 1e9)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=9))
def test_columns_are_numbers_element_by_element(pairs):
    left, right = (np.array(side) for side in zip(*pairs, strict=True))
    assert larger(left, right).tolist() == [larger(a, b) for a, b in pairs]
    assert larger(left, 3.0).tolist() == [larger(a, 3.0) for a, _ in pairs]
    keys = [largest_key({"a": a, "b": b, "c": 0.0}) for a, b in pairs]
    assert largest_key({"a": left, "b": right, "c": 0.0}).tolist() == keys
    assert floor(np.abs(left)).tolist() == [floor(abs(a)) for a, _ in pairs]
    taken = chosen(left > right, left)
    assert taken.tolist() == [chosen(a > b, a) for a, b in pairs]


def test_literals():
    assert larger(2, 3) == 3
    assert largest_key({"a": 1.0, "b": 1.0}) == "a"
    assert chosen(True, 5.0) == 5.0
    assert chosen(False, 5.0) == 0.0
    assert floor(2.9) == 2


def test_a_function_is_called_once_for_each_distinct_combination():
    calls = []

    def root(value, factor):
        calls.append((value, factor))
        return factor * math.sqrt(value)

    values, factors = np.array([4, 9, 4, 4, 9]), np.array([1.0, 1.0, 2.0, 1.0, 1.0])
    assert for_each_distinct(root, values, factors).tolist() == [2.0, 3.0, 4.0, 2.0, 3.0]
    assert sorted(calls) == [(4, 1.0), (4, 2.0), (9, 1.0)]
    assert for_each_distinct(root, values, 1.0).tolist() == [2.0, 3.0, 2.0, 2.0, 3.0]
    assert for_each_distinct(root, 16, 1.0) == 4.0


def test_what_is_remembered_belongs_to_the_columns():
    # New arrays at the place of old ones must not be taken for them.
    for number in range(300):
        column = np.full(3, number)
        assert for_each_distinct(lambda value: value + 1, column).tolist() == [number + 1] * 3
