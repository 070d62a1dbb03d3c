"""How a reported field is shown to people: a label, a unit, and a prefix that fits its values."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Quantity", "format_number", "quantity", "with_unit"]

# Fields whose name alone does not say it best; the others get their unit from their suffix.
_LABELS = {
    "tokens_per_second": ("throughput", "tokens/s"),
    "seconds_per_token": ("time per token", "s"),
    "energy_per_token_j": ("energy per token", "J"),
    "macs_per_cycle": ("array size", "MAC/cycle"),
    "bits_per_weight": ("bits per weight", "bit"),
    "cycles": ("cycles", "cycle"),
}
_SUFFIXES = {
    "_j": "J",
    "_pj": "pJ",
    "_fj": "fJ",
    "_w": "W",
    "_mhz": "MHz",
    "_bytes": "B",
    "_bits": "bit",
    "_mm2": "mm\u00b2",
    "_s": "s",
    "_seconds": "s",
    "_per_second": "1/s",
}
# Units that take a prefix as they stand; "MHz" or "bit" are shown as reported.
_SCALED = {"J", "W", "B", "s"}
_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}


@dataclass(frozen=True)
class Quantity:
    """The display of one field.

    Parameters
    ----------
    label : str
        What it is, in words.
    unit : str
        The unit with its prefix; empty for a plain number or a text.
    factor : float
        What a value in the unit of the report is multiplied by.
    """

    label: str
    unit: str = ""
    factor: float = 1.0

    @property
    def title(self) -> str:
        """Label and unit, as a heading or on an axis."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def scaled(self, value: object) -> object:
        """Return a number in the unit of the display; anything else unchanged."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return value if self.factor == 1 else value * self.factor

    def text(self, value: object) -> str:
        """Return a value as a person reads it, without the unit."""
        return format_number(self.scaled(value))


def quantity(field: str, values: Iterable[object] = ()) -> Quantity:
    """Return the display of a reported field, with the prefix that fits its largest value.

    Parameters
    ----------
    field : str
        Name of the field, perhaps dotted: ``"energy_breakdown_j.dram"`` has the unit of its parent.
    values : iterable
        The values to show; those that are not finite numbers do not count.
    """
    parent, _, child = field.rpartition(".")
    if child == "total" and parent:
        # The sum of what the parent consists of has its name.
        return quantity(parent, values)
    label, unit = _LABELS.get(field, (child or field, ""))
    if not unit:
        for name in (child or field, parent):
            for suffix, suffix_unit in _SUFFIXES.items():
                if name.endswith(suffix):
                    unit = suffix_unit
                    if name != parent:
                        label = name.removesuffix(suffix)
            if unit:
                break
    label = label.replace("_", " ")
    if unit not in _SCALED:
        return Quantity(label, unit)
    exponent = _exponent(values)
    return Quantity(label, _PREFIXES[exponent] + unit, float(f"1e{-exponent}"))


def with_unit(value: float, unit: str) -> str:
    """Return a value with its unit and the prefix that fits: ``"54.6 GB/s"``."""
    exponent = _exponent([value])
    text = format_number(value * float(f"1e{-exponent}"))
    return f"{text} {_PREFIXES[exponent]}{unit}"


def format_number(value: object) -> str:
    """Return a value as a person reads it: four significant digits, thousands set apart.

    An integer keeps all its digits. None is an empty text.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f") if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        if value == 0 or 1e-4 <= abs(value) < 1e4:
            return f"{value:.4g}"
        if abs(value) < 1e12 and abs(value) >= 1e4:
            return f"{float(f'{value:.4g}'):,.0f}".replace(",", "\u202f")
        return f"{value:.3e}"
    return str(value)


def _exponent(values: Iterable[object]) -> int:
    """Return the power of 1000 that puts the largest value between 1 and 1000."""
    largest = max(
        (
            abs(value)
            for value in values
            if isinstance(value, int | float) and not isinstance(value, bool) and value == value
            if abs(value) != math.inf
        ),
        default=0,
    )
    if not largest:
        return 0
    exponent = math.floor(math.log10(largest) / 3 + 1e-12) * 3
    return min(max(exponent, min(_PREFIXES)), max(_PREFIXES))
