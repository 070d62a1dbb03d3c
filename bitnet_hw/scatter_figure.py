"""The interactive Pareto plot of a report."""

import math
from collections.abc import Sequence
from typing import Any

from bitnet_hw.exploration import Exploration
from bitnet_hw.quantity import format_number
from bitnet_hw.report_sections import Figure
from bitnet_hw.report_text import plot_text
from bitnet_hw.scatter import Scatter, ScatterPoint, log_ticks, scatter_of

__all__ = ["scatter_figure"]

# A browser draws some thousands of markers smoothly.
_MAX_MARKERS = 5000
_SIDES = {"above": "top center", "below": "bottom center"}
_SERIES = [f"--series-{number}" for number in range(1, 9)]


def scatter_figure(exploration: Exploration, *, link: str) -> Figure:
    """Return the points of a sweep and their Pareto front, to look around in.

    Parameters
    ----------
    exploration : Exploration
        The finished points; at least one is on the front.
    link : str
        Name of the link to the table whose rows are those of the exploration.
    """
    scatter = scatter_of(exploration)
    front = [point for point in scatter.points if point.on_front]
    others = [point for point in scatter.points if not point.on_front]
    # A browser draws some thousands of markers smoothly; the front is always among them.
    step = max(1, -(-len(others) // max(1, _MAX_MARKERS - len(front))))
    shown = others[::step]
    traces: list[dict[str, Any]] = []
    line = scatter.staircase()
    if line is not None:
        traces.append({
            "type": "scatter",
            "mode": "lines",
            "x": line[0],
            "y": line[1],
            "line": {"color": "--muted", "width": 1, "dash": "dot"},
            "hoverinfo": "skip",
            "showlegend": False,
        })
    for group, name in enumerate(scatter.groups):
        for points, on_front in ((shown, False), (front, True)):
            chosen = [point for point in points if point.group == group]
            if chosen:
                traces.append(_markers(exploration, scatter, chosen, name, on_front))
    note = (
        "Filled: on the Pareto front; open: another point is at least as good in every objective."
    )
    if scatter.size_field:
        note += f" Marker size: {exploration.displays[scatter.size_field].label}."
    note += " Click a point to find its row."
    if step > 1:
        note += f" {len(shown)} of {len(others)} dominated points are drawn."
    return Figure(
        title="Pareto front",
        traces=traces,
        layout={
            "xaxis": _axis(scatter.x_title, scatter.x_range),
            "yaxis": _axis(scatter.y_title, scatter.y_range),
            "hovermode": "closest",
        },
        height=520,
        link=link,
        note=note,
    )


def _markers(
    exploration: Exploration,
    scatter: Scatter,
    points: Sequence[ScatterPoint],
    name: str,
    on_front: bool,
) -> dict[str, Any]:
    color = _SERIES[points[0].group]
    # Large markers first, so that they do not hide small ones.
    points = sorted(points, key=lambda point: (-point.size, point.row))
    kind = "Pareto front" if on_front else "dominated"
    return {
        "type": "scatter",
        "mode": "markers+text" if on_front else "markers",
        "name": plot_text(kind if len(scatter.groups) == 1 else f"{name}, {kind}"),
        "ids": [str(point.row) for point in points],
        "x": [point.x for point in points],
        "y": [point.y for point in points],
        "text": [plot_text(point.label) if point.label_side else "" for point in points],
        "textposition": [_SIDES.get(point.label_side, "top center") for point in points],
        "textfont": {"size": 11, "color": "--muted"},
        "marker": {
            "color": color,
            "size": [7 + 13 * point.size for point in points],
            "symbol": "circle" if on_front else "circle-open",
            "opacity": 0.95 if on_front else 0.6,
            "line": {"width": 1.2, "color": "--surface" if on_front else color},
        },
        "hovertext": [_hover(exploration, point) for point in points],
        "hoverinfo": "text",
        # Labels at the edge may stand over the axes.
        "cliponaxis": False,
    }


def _hover(exploration: Exploration, point: ScatterPoint) -> str:
    row = exploration.rows[point.row]
    lines = [f"<b>{plot_text(point.label)}</b>"] if point.label else []
    for field in exploration.summary_fields():
        display = exploration.displays[field]
        lines.append(
            plot_text(f"{display.label}: {display.text(row.get(field))} {display.unit}".strip())
        )
    return "<br>".join(lines)


def _axis(title: str, limits: tuple[float, float] | None) -> dict[str, Any]:
    axis: dict[str, Any] = {"title": {"text": plot_text(title)}}
    if limits is None:
        return axis | {"rangemode": "tozero"}
    ticks = log_ticks(*limits)
    return axis | {
        "type": "log",
        "range": [math.log10(limit) for limit in limits],
        "tickvals": ticks,
        "ticktext": [format_number(tick) for tick in ticks],
    }
