"""The roofline of an estimate as a figure of a report."""

import math
from collections.abc import Sequence
from typing import Any

from bitnet_hw.label_places import place_labels
from bitnet_hw.log_axis import log_axis, log_position
from bitnet_hw.quantity import format_number, with_unit
from bitnet_hw.report_sections import Figure
from bitnet_hw.report_text import plot_text
from bitnet_hw.roofline import Roofline, RooflinePoint
from bitnet_hw.roofline_lines import UNITS, ceiling_lines, ceiling_names

__all__ = ["roofline_figure"]

_BOUNDS = {"compute": "circle", "weights": "diamond", "memory": "square"}
# Points nearer than this, as a share of an axis, are one spot to the eye.
_SPOT = 0.012
# Room around points and ceilings, as a factor.
_MARGIN = 3.0


def roofline_figure(roofs: Roofline, *, link: str) -> Figure | None:
    """Return operators below the ceilings of their units and of the memory.

    Parameters
    ----------
    roofs : Roofline
        Where they stand.
    link : str
        Name of the link to the table whose rows are the operators of the estimate.

    Returns
    -------
    Figure or None
        None if no operator multiplies matrices.
    """
    if not roofs.points:
        return None
    x_limits, y_limits = _limits(roofs)
    spots = _spots(roofs.points, x_limits, y_limits)
    labels = _labels(spots, x_limits, y_limits)
    note = "Marker area: share of the time. Shape: what limits the operator. Click one for its row."
    if roofs.absent:
        note += f" Without matrix products or memory traffic: {', '.join(roofs.absent)}."
    return Figure(
        title="Roofline",
        traces=[*ceiling_lines(roofs, x_limits), *_markers(roofs.points, spots, labels)],
        layout={
            "xaxis": log_axis("multiply-accumulates per byte of memory traffic", x_limits),
            "yaxis": log_axis("rate (GMAC/s)", y_limits),
            "hovermode": "closest",
            "annotations": ceiling_names(roofs, x_limits, y_limits),
        },
        height=460,
        link=link,
        note=note,
    )


def _limits(roofs: Roofline) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the limits of the axes: all points, ceilings, and where ceilings meet the memory."""
    slope = roofs.bytes_per_second["memory"]
    xs = [point.macs_per_byte for point in roofs.points]
    xs += [peak / slope for peak in roofs.ceilings.values()]
    ys = [point.macs_per_second / 1e9 for point in roofs.points if point.macs_per_second]
    ys += [peak / 1e9 for peak in roofs.ceilings.values()]
    return (
        # On the right the ceilings have their names.
        (min(xs) / _MARGIN, max(xs) * 2 * _MARGIN),
        (min(ys) / _MARGIN, max(ys) * _MARGIN / 1.5),
    )


def _spots(
    points: Sequence[RooflinePoint], x_limits: tuple[float, float], y_limits: tuple[float, float]
) -> list[list[RooflinePoint]]:
    """Return the points of each place; projections with the same weights stand at one."""
    spots: list[list[RooflinePoint]] = []
    for point in points:
        place = _place(point, x_limits, y_limits)
        for spot in spots:
            other = _place(spot[0], x_limits, y_limits)
            if all(abs(a - b) < _SPOT for a, b in zip(place, other, strict=True)):
                spot.append(point)
                break
        else:
            spots.append([point])
    return spots


def _labels(
    spots: Sequence[Sequence[RooflinePoint]],
    x_limits: tuple[float, float],
    y_limits: tuple[float, float],
) -> dict[int, tuple[str, str]]:
    """Return text and side of the label of a point, by its row: one for each spot."""
    sides = place_labels([_place(spot[0], x_limits, y_limits) for spot in spots])
    # Away from the ceiling of the memory, on which many points lie.
    positions = {"above": "top left", "below": "bottom right"}
    return {
        spot[0].row: (_spot_name(spot), positions[side])
        for spot, side in zip(spots, sides, strict=True)
        if side
    }


def _spot_name(spot: Sequence[RooflinePoint]) -> str:
    names = [point.operator for point in spot]
    return ", ".join(names) if len(names) < 3 else f"{names[0]} + {len(names) - 1} others"


def _markers(
    points: Sequence[RooflinePoint],
    spots: Sequence[Sequence[RooflinePoint]],
    labels: dict[int, tuple[str, str]],
) -> list[dict[str, Any]]:
    company = {point.row: spot for spot in spots for point in spot}
    traces = []
    for unit, bound in dict.fromkeys((point.unit, point.bound) for point in points):
        # Large markers first, so that they do not hide small ones.
        chosen = sorted(
            (point for point in points if (point.unit, point.bound) == (unit, bound)),
            key=lambda point: -point.share,
        )
        name, color = UNITS[unit]
        traces.append({
            "type": "scatter",
            "mode": "markers+text",
            "name": plot_text(f"{name}, limited by {bound}"),
            "ids": [str(point.row) for point in chosen],
            "x": [point.macs_per_byte for point in chosen],
            "y": [point.macs_per_second / 1e9 for point in chosen],
            "text": [plot_text(labels.get(point.row, ("", ""))[0]) for point in chosen],
            "textposition": [labels.get(point.row, ("", "top left"))[1] for point in chosen],
            "textfont": {"size": 12, "color": "--ink"},
            "marker": {
                "color": color,
                "symbol": _BOUNDS[bound],
                "size": [9 + 22 * math.sqrt(point.share) for point in chosen],
                "opacity": 0.9,
                "line": {"width": 1, "color": "--surface"},
            },
            "hovertext": [
                "<br>".join(_hover(other) for other in _first(point, company[point.row]))
                for point in chosen
            ],
            "hoverinfo": "text",
            "cliponaxis": False,
        })
    return traces


def _first(point: RooflinePoint, spot: Sequence[RooflinePoint]) -> list[RooflinePoint]:
    return [point, *(other for other in spot if other is not point)]


def _hover(point: RooflinePoint) -> str:
    of_roof = point.macs_per_second / point.roof_macs_per_second
    return (
        f"<b>{plot_text(point.operator)}</b>: limited by {plot_text(point.bound)}<br>"
        f"{with_unit(point.macs_per_second, 'MAC/s')}, {of_roof:.1%} of its roof, "
        f"{format_number(point.macs_per_byte)} MAC/B, {point.share:.1%} of the time"
    )


def _place(
    point: RooflinePoint, x_limits: tuple[float, float], y_limits: tuple[float, float]
) -> tuple[float, float]:
    """Return a position from 0 to 1 along both axes."""
    return (
        log_position(point.macs_per_byte, x_limits),
        log_position(point.macs_per_second / 1e9, y_limits),
    )
