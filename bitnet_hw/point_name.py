"""What a point of a sweep is called where there is little room."""

from collections.abc import Mapping
from typing import Any

from bitnet_hw.choice_text import choice_text
from bitnet_hw.exploration import Exploration
from bitnet_hw.quantity import format_number, quantity
from bitnet_hw.sweep_tables import largest_effect

__all__ = ["point_name"]

# Axes in the name, beside the size of the array.
_MOST = 2


def point_name(exploration: Exploration, row: Mapping[str, Any]) -> str:
    """Return the size of the array, then the swept values with the largest effects."""
    size = [f"{row['array.rows']}\u00d7{row['array.lanes']}"] if row.get("array.lanes") else []
    axes = [
        axis
        for axis in exploration.axes
        if axis not in ("array.rows", "array.lanes", "array.weight_bus_bits")
    ]
    axes.sort(key=lambda axis: -largest_effect(exploration.effects.get(axis, {})))
    return ", ".join([*size, *(_choice(axis, row.get(axis)) for axis in axes[:_MOST])])


def _choice(axis: str, value: object) -> str:
    if not isinstance(value, int | float):
        return choice_text(value)
    display = quantity(axis)
    return f"{display.label} {format_number(value)} {display.unit}".strip()
