"""Requirements: what they compare, how far a design is from them, and what is none."""

import contextlib

import numpy as np
import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.plan.requirement import CAPACITY, parse_requirements

COLUMNS = {
    "a": np.array([1.0, 2.0, 4.0, np.nan, -1.0]),
    "b": np.array([2.0, 2.0, 2.0, 2.0, 2.0]),
    "name": np.array(["x", "y", "x", "y", "x"], object),
}


def excess(text):
    [requirement] = parse_requirements(text, "--require")
    return list(requirement.excess(COLUMNS, 5))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # 4 is twice the limit; a number that is missing has no factor.
        ("a <= 2", [0, 0, 2, np.inf, 0]),
        ("a < 2", [0, 1, 2, np.inf, 0]),
        ("a <= b", [0, 0, 2, np.inf, 0]),
        ("2 >= a", [0, 0, 2, np.inf, 0]),
        # 1 is a quarter of the limit, and no factor leads from -1 to 4.
        ("a >= 4", [4, 2, 0, np.inf, np.inf]),
        ("4 <= a", [4, 2, 0, np.inf, np.inf]),
        ("2 * a > b * 4", [4, 2, 1, np.inf, np.inf]),
        ("name == 'x'", [0, np.inf, 0, np.inf, 0]),
        ("name < 'y'", [0, np.inf, 0, np.inf, 0]),
        ("a <= 1 or b <= 1", [0, np.inf, np.inf, np.inf, 0]),
        ("not a <= 1", [np.inf, 0, 0, 0, np.inf]),
    ],
)
def test_excess(text, expected):
    assert excess(text) == expected


def test_what_is_compared():
    [lower] = parse_requirements("500 >= total_power_w", "--require")
    assert (lower.value.text, lower.limit.text, lower.at_most) == ("total_power_w", "500", True)
    [upper] = parse_requirements("10 < tokens_per_second", "--require")
    assert (upper.value.text, upper.limit.text, upper.at_most) == ("tokens_per_second", "10", False)
    [other] = parse_requirements("memory_fits", "--require")
    assert other.value is None
    assert CAPACITY.fields == {"chip_memory_bytes", "memory_capacity_bytes"}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a <= 1 and b >= 2", ["a <= 1", "b >= 2"]),
        ("a <= 1 and (b >= 2 and a > 0)", ["a <= 1", "b >= 2", "a > 0"]),
        ("1 <= a <= 2", ["1 <= a", "a <= 2"]),
        ("a <= 1 or b >= 2", ["a <= 1 or b >= 2"]),
    ],
)
def test_parts(text, parts):
    assert [part.text for part in parse_requirements(text, "--require")] == parts


@pytest.mark.parametrize(
    ("text", "must_be"),
    [
        ("total_power_w + 1", "a condition such as 'total_power_w <= 500', which is true or false"),
        ("3", "a condition such as 'total_power_w <= 500', which is true or false, not '3'"),
        ("a <= 1 and b", None),
        ("total_power_w <", "an expression such as 'power_w < 5 and array.rows >= 16'"),
        ("a <= open('x')", "an expression of fields, numbers, texts, arithmetic"),
    ],
)
def test_what_is_none(text, must_be):
    if must_be is None:
        # A field may be true or false.
        assert len(parse_requirements(text, "--require")) == 2
        return
    with pytest.raises(ConfigError) as raised:
        parse_requirements(text, "--require")
    assert str(raised.value).startswith(f"--require must be {must_be}")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("text", ["a < 1and b", "a < 0x1for", "a < '\\d'"])
def test_no_warning_of_the_parser_comes_through(text):
    with contextlib.suppress(ConfigError):
        parse_requirements(text, "--require")
