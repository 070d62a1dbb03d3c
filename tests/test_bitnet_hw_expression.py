"""Expressions: what they mean, and what they refuse."""

import contextlib
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.errors import ConfigError
from bitnet_hw.expression import ExpressionError, parse_expression

COLUMNS = {
    "power_w": np.array([1.0, 5.0, np.nan]),
    "array.rows": np.array([8, 16, 32]),
    "array.lanes": np.array([8, 8, 8]),
    "memory": np.array(["lpddr5x-64", "hbm3-stack", "ddr4-64"]),
    "memory_fits": np.array([True, False, True]),
}


def value(text):
    return parse_expression(text)(COLUMNS).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("power_w < 5", [True, False, False]),
        ("power_w < 5 and array.rows >= 8", [True, False, False]),
        ("not memory_fits or power_w >= 5", [False, True, False]),
        ("array.rows * array.lanes", [64, 128, 256]),
        ("8 < array.rows <= 32", [False, True, True]),
        ("memory in ['lpddr5x-64', 'ddr4-64']", [True, False, True]),
        ("memory not in ('lpddr5x-64',)", [False, True, True]),
        ("memory == 'hbm3-stack'", [False, True, False]),
        ("max(array.rows, 12) % 5", [2, 1, 2]),
        ("log2(array.rows) == 4", [False, True, False]),
        ("-array.rows // 3 + 2**3", [5, 2, -3]),
    ],
)
def test_meaning(text, expected):
    assert value(text) == expected


def test_fields():
    assert parse_expression("power_w < 5 * max(array.rows, area_mm2.total)").fields == {
        "power_w",
        "array.rows",
        "area_mm2.total",
    }


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__",
        "power_w.__class__()",
        "[x for x in (1,)]",
        "lambda: 1",
        "open('f')",
        "power_w if 1 else 2",
        "f'{power_w}'",
        "power_w[0]",
        "{1: 2}",
        "power_w @ power_w",
        "power_w is 1",
        "abs(power_w, key=1)",
        "abs(*power_w)",
        "(x := 1)",
        "1j",
        "b'x'",
        "...",
        "None",
    ],
)
def test_nothing_else_is_an_expression(text):
    with pytest.raises(ExpressionError, match=r"^an expression of fields, numbers, texts, "):
        parse_expression(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an expression such as 'power_w < 5 and array.rows >= 16', not ''"),
        ("power_w <", "an expression such as 'power_w < 5 and array.rows >= 16', not 'power_w <'"),
        ("x" * 1001, "an expression of at most 1000 characters, not 1001"),
        ("-" * 60 + "1", "an expression that is nested at most 50 deep"),
        ("max(1)", "an expression with 2 arguments of max, not 1"),
        ("1 in power_w", "an expression with a list after 'in'"),
        ("9" * 400 + " > power_w", "an expression whose numbers are at most 1e300"),
    ],
)
def test_what_is_wrong(text, message):
    with pytest.raises(ExpressionError, match=f"^{re.escape(message)}$"):
        parse_expression(text)


def test_texts_and_numbers_do_not_mix():
    for text in ("memory < 3", "memory ** 2 > 1", "'a' ** 'b'"):
        message = f"^Expression {re.escape(repr(text))} must not mix texts and numbers$"
        with pytest.raises(ConfigError, match=message):
            value(text)


def test_large_powers_do_not_run_for_ever():
    assert value("9**9**9**9**9 > power_w") == [True, True, False]


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_an_error(text):
    with contextlib.suppress(ExpressionError):
        parse_expression(text)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.integers(-99, 99))
def test_arithmetic_is_that_of_python(left, right):
    columns = {"a": np.array([left]), "b": np.array([right])}
    [result] = parse_expression("a * b - a / 3 + b")(columns).tolist()
    expected = left * right - left / 3 + right
    assert result == expected or math.isnan(expected)


@pytest.mark.parametrize("text", ["1 > [] >= power_w", "power_w == [1]", "(1, 2) < (3, 4)"])
def test_a_list_stands_after_in_only(text):
    with pytest.raises(ExpressionError, match=r"^an expression of fields, "):
        parse_expression(text)


def test_a_field_has_few_dots():
    assert parse_expression("a" + ".b" * 50).fields == {"a" + ".b" * 50}
    with pytest.raises(ExpressionError, match=r"^an expression whose fields have at most 50 dots$"):
        parse_expression("a" + ".b" * 51)
