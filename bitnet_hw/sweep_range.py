"""Ranges of numbers in a sweep file: ``{from: 8, to: 128, log2: true}``."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, TypeGuard

from bitnet_hw.errors import ConfigError
from bitnet_hw.key_path import KeyPath, key_text, show
from bitnet_hw.schema import Where, unknown_key

__all__ = ["is_range", "range_values"]

_RANGE_KEYS = ("from", "to", "step", "log2", "times", "points")

_KINDS = ("step", "log2", "times", "points")
_MAX_VALUES = 10_000
# Exact powers of a fraction have ever more digits.
_MAX_POWERS = 1000


def is_range(value: object) -> TypeGuard[dict[str, Any]]:
    """Tell whether a value of a sweep file is meant as a range."""
    return isinstance(value, dict) and any(key in _RANGE_KEYS for key in value)


def range_values(block: Mapping[str, Any], *, where: Where, keys: KeyPath) -> list[int | float]:
    """Return the values of a range, both ends included where the steps hit them.

    ``{from, to, step}`` counts up by `step`; ``{from, to, log2: true}`` doubles; ``{from, to,
    times}`` multiplies by `times`, such as 10 for powers of ten; ``{from, to, points}`` is that
    many evenly spaced values. Decimal fractions are exact: ``{from: 0.1, to: 0.3, step: 0.1}`` is
    0.1, 0.2, 0.3. Values are integers where they are whole and all numbers of the range are
    integers.

    Parameters
    ----------
    block : mapping
        The keys of the range.
    where : callable
        Gives file and line of a key path, for messages.
    keys : tuple
        Key path of the range.

    Raises
    ------
    ConfigError
        If a key is unknown, missing, or its value is not what a range needs.
    """
    for key in block:
        if key not in _RANGE_KEYS:
            raise unknown_key((*keys, key), list(_RANGE_KEYS), where)
    kinds = [key for key in _KINDS if key in block]
    if "from" not in block or "to" not in block or len(kinds) != 1:
        given = ", ".join(block)
        raise ConfigError(
            f"{where(keys)}: {key_text(keys)} must be a range of from, to and one of "
            f"{', '.join(_KINDS)}, not of {given}"
        )
    low = _number(block, "from", where, keys)
    high = _number(block, "to", where, keys)
    if high < low:
        raise _wrong(where, (*keys, "to"), f"at least from ({block['from']})", block["to"])
    kind = kinds[0]
    if kind == "step":
        values = _steps(block, low, high, where, keys)
    elif kind == "log2":
        if block["log2"] is not True:
            raise _wrong(where, (*keys, "log2"), "true", block["log2"])
        values = _powers(block, low, high, Fraction(2), where, keys)
    elif kind == "times":
        values = _powers(block, low, high, _number(block, "times", where, keys), where, keys)
    else:
        count = block["points"]
        if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= _MAX_VALUES:
            requirement = f"an integer from 2 to {_MAX_VALUES}"
            raise _wrong(where, (*keys, "points"), requirement, count)
        values = [low + (high - low) * index / (count - 1) for index in range(count)]
    whole = all(isinstance(block.get(key, 0), int) for key in ("from", "step", "times"))
    return [int(value) if whole and value.denominator == 1 else float(value) for value in values]


def _steps(
    block: Mapping[str, Any], low: Fraction, high: Fraction, where: Where, keys: KeyPath
) -> list[Fraction]:
    step = _number(block, "step", where, keys)
    if step <= 0:
        raise _wrong(where, (*keys, "step"), "above 0", block["step"])
    count = (high - low) // step + 1
    if count > _MAX_VALUES:
        raise ConfigError(
            f"{where(keys)}: {key_text(keys)} must have at most {_MAX_VALUES} values, not {count}"
        )
    return [low + index * step for index in range(count)]


def _powers(
    block: Mapping[str, Any],
    low: Fraction,
    high: Fraction,
    factor: Fraction,
    where: Where,
    keys: KeyPath,
) -> list[Fraction]:
    if low <= 0:
        raise _wrong(where, (*keys, "from"), "above 0 to be multiplied", block["from"])
    if factor <= 1:
        raise _wrong(where, (*keys, "times"), "above 1", block["times"])
    values = [low]
    while values[-1] * factor <= high:
        if len(values) == _MAX_POWERS:
            raise ConfigError(
                f"{where(keys)}: {key_text(keys)} must have at most {_MAX_POWERS} values, not more"
            )
        values.append(values[-1] * factor)
    return values


def _number(block: Mapping[str, Any], key: str, where: Where, keys: KeyPath) -> Fraction:
    value = block[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(where, (*keys, key), "a number", value)
    # By way of the text, 0.1 is a tenth and not the nearest binary fraction.
    return Fraction(str(value))


def _wrong(where: Where, keys: KeyPath, requirement: str, value: object) -> ConfigError:
    return ConfigError(f"{where(keys)}: {key_text(keys)} must be {requirement}, not {show(value)}")
