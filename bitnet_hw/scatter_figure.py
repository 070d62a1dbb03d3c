"""The interactive Pareto plot of a report."""

from collections.abc import Sequence
from typing import Any

from bitnet_hw.choice_text import choice_text
from bitnet_hw.exploration import Exploration
from bitnet_hw.log_axis import log_axis
from bitnet_hw.quantity import format_number
from bitnet_hw.report_sections import Figure
from bitnet_hw.report_text import plot_text
from bitnet_hw.scatter import Scatter, ScatterPoint, scatter_of

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
    outside = [point for point in shown if not point.is_feasible]
    if outside:
        traces.append(_crosses(exploration, outside))
    dominated = [point for point in shown if point.is_feasible]
    for group, name in enumerate(scatter.groups):
        for points, on_front in ((dominated, False), (front, True)):
            chosen = [point for point in points if point.group == group]
            if chosen:
                traces.append(_markers(exploration, scatter, chosen, name, on_front))
    note = "Filled: on the Pareto front; open: another point is at least as good in every objective"
    note += "; crosses: a constraint is broken." if outside else "."
    if scatter.size_field:
        note += f" Marker size: {exploration.displays[scatter.size_field].label}."
    note += " Click a point to find its row."
    unseen = exploration.finished_points - exploration.failed_points - len(scatter.points)
    if step > 1 or unseen > 0:
        all_others = format_number(len(others) + max(0, unseen))
        note += f" {format_number(len(shown))} of {all_others} other points are drawn."
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


def _crosses(exploration: Exploration, points: Sequence[ScatterPoint]) -> dict[str, Any]:
    """Return the points that break a constraint."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "breaks a constraint",
        "ids": [str(point.row) for point in points],
        "x": [point.x for point in points],
        "y": [point.y for point in points],
        "marker": {"color": "--muted", "size": 6, "symbol": "x-thin-open", "opacity": 0.45},
        "hovertext": [_hover(exploration, point) for point in points],
        "hoverinfo": "text",
    }


def _hover(exploration: Exploration, point: ScatterPoint) -> str:
    row = exploration.rows[point.row]
    lines = [f"<b>{plot_text(point.label)}</b>"] if point.label else []
    for field in exploration.summary_fields():
        display = exploration.displays[field]
        value = choice_text(display.scaled(row.get(field)))
        lines.append(plot_text(f"{display.label}: {value} {display.unit}".strip()))
    return "<br>".join(lines)


def _axis(title: str, limits: tuple[float, float] | None) -> dict[str, Any]:
    if limits is None:
        return {"title": {"text": plot_text(title)}, "rangemode": "tozero"}
    return log_axis(title, limits)
