"""Logarithmic axes with round numbers on them."""

import math
from typing import Any

from bitnet_hw.quantity import format_number
from bitnet_hw.report_text import plot_text

__all__ = ["log_axis", "log_position", "log_ticks"]


def log_ticks(low: float, high: float) -> list[float]:
    """Return round numbers between the limits of a logarithmic axis."""
    if high / low > 1e4:
        steps: tuple[float, ...] = (1,)
    else:
        steps = (1, 2, 5) if high / low > 20 else (1, 1.5, 2, 3, 4, 5, 6, 8)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [float(f"{step}e{decade}") for decade in decades for step in steps]
    return [tick for tick in ticks if low <= tick <= high]


def log_axis(title: str, limits: tuple[float, float]) -> dict[str, Any]:
    """Return a logarithmic axis in the data model of plotly.js, from one limit to the other."""
    ticks = log_ticks(*limits)
    return {
        "title": {"text": plot_text(title)},
        "type": "log",
        "range": [math.log10(limit) for limit in limits],
        "tickvals": ticks,
        "ticktext": [format_number(tick) for tick in ticks],
    }


def log_position(value: float, limits: tuple[float, float]) -> float:
    """Return where a value lies on a logarithmic axis: 0 at the lower limit, 1 at the upper one."""
    return math.log(value / limits[0]) / math.log(limits[1] / limits[0])
