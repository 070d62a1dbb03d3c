"""What the Pareto plot shows, whichever library draws it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bitnet_hw.choice_text import choice_text
from bitnet_hw.exploration import Exploration
from bitnet_hw.label_places import axis_positions, place_labels
from bitnet_hw.quantity import Quantity, quantity

__all__ = ["Scatter", "ScatterPoint", "scatter_of"]

_BETTER = {"max": ", higher is better", "min": ", lower is better", "": ""}
_MAX_GROUPS = 8
# An axis is logarithmic when its values span more than this.
_LOG_SPAN = 4
# Room left free between the outermost points and the frame, as a share of a logarithmic axis.
_MARGIN = 0.08


@dataclass(frozen=True, kw_only=True)
class ScatterPoint:
    """One point of the sweep.

    Parameters
    ----------
    row : int
        Index of its row.
    x, y : float
        Position, in the units of the axes.
    size : float
        From 0, the smallest value of the field that gives the size, to 1, the largest.
    group : int
        Index of its group, which gives the colour.
    label : str
        Size of the array, ``"64x32"``.
    on_front : bool
        Whether no other point dominates it.
    is_feasible : bool
        Whether it holds to all constraints.
    label_side : str
        Where its label is drawn, ``"above"`` or ``"below"``; empty if there is no room, or the
        point is not on the front.
    """

    row: int
    x: float
    y: float
    size: float
    group: int
    label: str
    on_front: bool
    is_feasible: bool = True
    label_side: str = ""


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """Points, axes and legend of a Pareto plot.

    Parameters
    ----------
    x, y : Quantity
        The axes.
    log_x, log_y : bool
        Whether an axis is logarithmic.
    better_x, better_y : str
        ``"max"``, ``"min"``, or empty if the axis is not an objective.
    points : sequence of ScatterPoint
        In the order of the sweep.
    groups : sequence of str
        Name of each group; a single one if nothing distinguishes the points.
    group_field, size_field : str
        What the colour and the size stand for; empty if nothing.
    """

    x: Quantity
    y: Quantity
    log_x: bool
    log_y: bool
    better_x: str
    better_y: str
    points: Sequence[ScatterPoint]
    groups: Sequence[str]
    group_field: str
    size_field: str

    @property
    def x_title(self) -> str:
        """Label of the horizontal axis."""
        return self.x.title + _BETTER[self.better_x]

    @property
    def y_title(self) -> str:
        """Label of the vertical axis."""
        return self.y.title + _BETTER[self.better_y]

    @property
    def x_range(self) -> tuple[float, float] | None:
        """Limits of the horizontal axis if it is logarithmic."""
        return _range([point.x for point in self.points]) if self.log_x else None

    @property
    def y_range(self) -> tuple[float, float] | None:
        """Limits of the vertical axis if it is logarithmic."""
        return _range([point.y for point in self.points]) if self.log_y else None

    def staircase(self) -> tuple[list[float], list[float]] | None:
        """Return the line along the front as x and y, or None if the axes alone do not decide it.

        A point below and right of two neighbours of the front would be dominated, so the line turns
        there: it first keeps the better y, then steps to the next x.
        """
        if not self.better_x or not self.better_y or self.size_field:
            return None
        front = sorted({(point.x, point.y) for point in self.points if point.on_front})
        xs: list[float] = []
        ys: list[float] = []
        for x, y in front:
            if xs:
                corner = (x, ys[-1]) if self.better_x == "min" else (xs[-1], y)
                xs.append(corner[0])
                ys.append(corner[1])
            xs.append(x)
            ys.append(y)
        return xs, ys


def scatter_of(exploration: Exploration) -> Scatter:
    """Choose axes, colours and sizes for the finished points of a sweep.

    The first two objectives are the axes, the third gives the size of the markers. With a single
    objective the horizontal axis is the size of the array. The first swept field with two to eight
    values that are not numbers, such as the memory, gives the colour.
    """
    objectives = list(exploration.objectives)
    fields = list(dict.fromkeys([*objectives, "macs_per_cycle"]))
    if len(objectives) == 1:
        x_field, y_field, size_field = fields[-1], objectives[0], ""
    else:
        x_field, y_field = objectives[:2]
        size_field = objectives[2] if len(objectives) > 2 else ""
    rows = exploration.rows
    drawn = [
        index
        for index, row in enumerate(rows)
        if all(_is_number(row.get(field)) for field in (x_field, y_field))
    ]
    x = quantity(x_field, (rows[index][x_field] for index in drawn))
    y = quantity(y_field, (rows[index][y_field] for index in drawn))
    group_field, groups = _groups(exploration)
    sizes = _relative_sizes([rows[index].get(size_field) for index in drawn])
    front = set(exploration.front)
    points = [
        ScatterPoint(
            row=index,
            x=rows[index][x_field] * x.factor,
            y=rows[index][y_field] * y.factor,
            size=size,
            group=groups.index(choice_text(rows[index].get(group_field))) if group_field else 0,
            label=_label(rows[index]),
            on_front=index in front,
            is_feasible=exploration.feasible[index],
        )
        for index, size in zip(drawn, sizes, strict=True)
    ]
    log_x, log_y = _is_wide([point.x for point in points]), _is_wide([point.y for point in points])
    return Scatter(
        x=x,
        y=y,
        log_x=log_x,
        log_y=log_y,
        better_x=exploration.objectives.get(x_field, ""),
        better_y=exploration.objectives[y_field],
        points=_with_labels(points, log_x, log_y),
        groups=groups,
        group_field=group_field,
        size_field=size_field,
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    margin = (max(values) / min(values)) ** _MARGIN
    return min(values) / margin, max(values) * margin


def _groups(exploration: Exploration) -> tuple[str, list[str]]:
    for axis in exploration.axes:
        values = [row.get(axis) for row in exploration.rows]
        if any(_is_number(value) for value in values):
            continue
        groups = list(dict.fromkeys(choice_text(value) for value in values))
        if 2 <= len(groups) <= _MAX_GROUPS:
            return axis, groups
    return "", ["points"]


def _relative_sizes(values: Sequence[Any]) -> list[float]:
    """Map values to 0 ... 1 by their logarithm; all to the middle where that is not possible."""
    if not all(_is_number(value) and value > 0 for value in values) or len(set(values)) < 2:
        return [0.5] * len(values)
    low, high = math.log(min(values)), math.log(max(values))
    return [(math.log(value) - low) / (high - low) for value in values]


def _with_labels(points: Sequence[ScatterPoint], log_x: bool, log_y: bool) -> list[ScatterPoint]:
    """Place the labels of the front."""
    xs = axis_positions([point.x for point in points], logarithmic=log_x)
    ys = axis_positions([point.y for point in points], logarithmic=log_y)
    named = [index for index, point in enumerate(points) if point.on_front and point.label]
    sides = dict(zip(named, place_labels([(xs[index], ys[index]) for index in named]), strict=True))
    return [replace(point, label_side=sides.get(index, "")) for index, point in enumerate(points)]


def _label(row: Any) -> str:
    rows, lanes = row.get("array.rows"), row.get("array.lanes")
    return f"{rows}\u00d7{lanes}" if rows is not None and lanes is not None else ""


def _is_wide(values: Sequence[float]) -> bool:
    return bool(values) and min(values) > 0 and max(values) / min(values) > _LOG_SPAN


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
