"""The lines of a roofline: what memory and units allow."""

import math
from typing import Any

from bitnet_hw.log_axis import log_position
from bitnet_hw.quantity import with_unit
from bitnet_hw.report_text import plot_text
from bitnet_hw.roofline import Roofline

__all__ = ["UNITS", "ceiling_lines", "ceiling_names"]

UNITS = {
    "array": ("ternary array", "--series-1"),
    "vector": ("vector unit", "--series-2"),
    "host": ("host", "--series-3"),
}
"""Name and colour of each unit."""

# Room for the name of a line, as a share of the vertical axis.
_LINE_ROOM = 0.07


def ceiling_lines(roofs: Roofline, x_limits: tuple[float, float]) -> list[dict[str, Any]]:
    """Return the ceiling of the memory, which rises, and those of the units, which do not."""
    slope, highest = roofs.bytes_per_second["memory"], max(roofs.ceilings.values())
    lines = [
        ([x_limits[0], highest / rate], [x_limits[0] * rate, highest], "--muted", name)
        for name, rate in roofs.bytes_per_second.items()
    ]
    lines += [
        ([peak / slope, x_limits[1]], [peak, peak], UNITS[unit][1], unit)
        for unit, peak in roofs.ceilings.items()
    ]
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": [rate / 1e9 for rate in y],
            "line": {"color": color, "width": 1.5, "dash": "dash" if "port" in name else "solid"},
            "hoverinfo": "skip",
            "showlegend": False,
        }
        for x, y, color, name in lines
    ]


def ceiling_names(
    roofs: Roofline, x_limits: tuple[float, float], y_limits: tuple[float, float]
) -> list[dict[str, Any]]:
    """Return the names of the lines: beside those that rise, at the ends of the others."""
    names = []
    highest = max(roofs.ceilings.values())
    for name, rate in roofs.bytes_per_second.items():
        # Right of the line; the memory's far up, if there is the weight port's right of it.
        far_up = name == "memory" and len(roofs.bytes_per_second) > 1
        start = max(x_limits[0], y_limits[0] * 1e9 / rate)
        x = start * (highest / rate / start) ** (0.7 if far_up else 0.15)
        anchors = {"xanchor": "left", "yanchor": "top", "xshift": 8}
        names.append((x, x * rate, f"{name} {with_unit(rate, 'B/s')}", anchors))
    drawn: list[float] = []
    for unit, peak in roofs.ceilings.items():
        place = log_position(peak / 1e9, y_limits)
        # Of two ceilings close together, one has its name above and one below.
        below = any(abs(place - other) < _LINE_ROOM for other in drawn)
        drawn.append(place)
        anchors = {"xanchor": "right", "yanchor": "top" if below else "bottom"}
        names.append((x_limits[1], peak, f"{UNITS[unit][0]} {with_unit(peak, 'MAC/s')}", anchors))
    return [
        {
            # On logarithmic axes annotations stand at logarithms.
            "x": math.log10(x),
            "y": math.log10(y / 1e9),
            "text": plot_text(text),
            "showarrow": False,
            "font": {"size": 12, "color": "--muted"},
            **anchors,
        }
        for x, y, text, anchors in names
    ]
