"""The Pareto plot as a PNG file."""

import io

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bitnet_hw.exploration import Exploration
from bitnet_hw.log_axis import log_ticks
from bitnet_hw.quantity import format_number, quantity
from bitnet_hw.scatter import Scatter, ScatterPoint, scatter_of

__all__ = ["pareto_png"]

# The light colours of the HTML report.
_INK, _MUTED, _GRID = "#1d2024", "#626871", "#e3e4e1"
_SERIES = (
    "#2166ac",
    "#d9772b",
    "#2a8f6d",
    "#b04a86",
    "#7b68b8",
    "#a98a15",
    "#4fa3c7",
    "#7a7f87",
)


def pareto_png(exploration: Exploration, *, title: str, dpi: int = 160) -> bytes:
    """Return the points of a sweep and their Pareto front as a PNG image.

    Drawn by Agg, without a display and without global state, so that it can run anywhere. The same
    points give the same bytes.

    Parameters
    ----------
    exploration : Exploration
        The finished points.
    title : str
        Line above the plot.
    dpi : int
        Pixels per inch; the image is 9 by 6 inches.
    """
    scatter = scatter_of(exploration)
    figure = Figure(figsize=(9, 6), dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(_plain(title), loc="left", color=_INK, fontsize=12, fontweight="bold", pad=12)
    _draw_axes(axes, scatter)
    line = scatter.staircase()
    if line is not None:
        axes.plot(*line, color=_MUTED, linewidth=1, linestyle=":", zorder=1)
    _draw_crosses(axes, scatter)
    for on_front in (False, True):
        for group, color in enumerate(_SERIES[: len(scatter.groups)]):
            _draw_markers(axes, scatter, group, color, on_front)
    for point in scatter.points:
        if point.label_side:
            _draw_label(axes, point)
    _draw_legend(axes, scatter, exploration)
    image = io.BytesIO()
    # Without the version of matplotlib inside, the bytes depend on the picture alone.
    figure.savefig(image, format="png", metadata={"Software": None})
    return image.getvalue()


def _draw_axes(axes: Axes, scatter: Scatter) -> None:
    axes.set_xlabel(_plain(scatter.x_title), color=_INK)
    axes.set_ylabel(_plain(scatter.y_title), color=_INK)
    axes.grid(True, color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_MUTED, labelcolor=_INK, length=0)
    for spine in axes.spines.values():
        spine.set_color(_GRID)
    for name, limits, axis in (
        ("x", scatter.x_range, axes.xaxis),
        ("y", scatter.y_range, axes.yaxis),
    ):
        if limits is None:
            getattr(axes, f"set_{name}lim")(0, _linear_limit(scatter, name))
        else:
            getattr(axes, f"set_{name}scale")("log")
            getattr(axes, f"set_{name}lim")(limits)
            axis.set_major_locator(FixedLocator(log_ticks(*limits)))
            axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: format_number(float(value))))


def _draw_markers(axes: Axes, scatter: Scatter, group: int, color: str, on_front: bool) -> None:
    # Large markers first, so that they do not hide small ones.
    points = sorted(
        (
            point
            for point in scatter.points
            if point.is_feasible and (point.group, point.on_front) == (group, on_front)
        ),
        key=lambda point: (-point.size, point.row),
    )
    axes.scatter(
        [point.x for point in points],
        [point.y for point in points],
        s=[28 + 190 * point.size for point in points],
        facecolor=color if on_front else "none",
        edgecolor="white" if on_front else color,
        alpha=0.95 if on_front else 0.5,
        linewidth=1.0,
        zorder=3 if on_front else 2,
    )


def _draw_crosses(axes: Axes, scatter: Scatter) -> None:
    """Draw the points that break a constraint."""
    points = [point for point in scatter.points if not point.is_feasible]
    axes.scatter(
        [point.x for point in points],
        [point.y for point in points],
        s=14,
        marker="x",
        color=_MUTED,
        alpha=0.4,
        linewidth=0.8,
        zorder=1.5,
    )


def _draw_label(axes: Axes, point: ScatterPoint) -> None:
    above = point.label_side == "above"
    axes.annotate(
        _plain(point.label),
        (point.x, point.y),
        xytext=(0, (5 + 5 * point.size) * (1 if above else -1)),
        textcoords="offset points",
        ha="center",
        va="bottom" if above else "top",
        fontsize=8,
        color=_INK,
        zorder=4,
    )


def _linear_limit(scatter: Scatter, name: str) -> float:
    """Return the upper end of an axis that starts at zero, with room for a label."""
    return 1.1 * max((getattr(point, name) for point in scatter.points), default=1.0) or 1.0


def _draw_legend(axes: Axes, scatter: Scatter, exploration: Exploration) -> None:
    def marker(color: str, label: str, filled: bool = True, symbol: str = "o") -> Line2D:
        return Line2D(
            [],
            [],
            linestyle="",
            marker=symbol,
            markersize=7,
            markerfacecolor=color if filled else "none",
            markeredgecolor=color,
            label=label,
        )

    handles = []
    if len(scatter.groups) > 1:
        handles += [
            marker(color, _plain(name))
            for color, name in zip(_SERIES, scatter.groups, strict=False)
        ]
    handles += [marker(_MUTED, "Pareto front"), marker(_MUTED, "dominated", filled=False)]
    if not all(point.is_feasible for point in scatter.points):
        handles.append(marker(_MUTED, "breaks a constraint", symbol="x"))
    note = ""
    if scatter.size_field and scatter.points:
        values = [exploration.rows[point.row][scatter.size_field] for point in scatter.points]
        size = quantity(scatter.size_field, values)
        span = f"{size.text(min(values))} to {size.text(max(values))}"
        note = f"marker size: {size.label}, {span} {size.unit}"
    axes.legend(
        handles=handles,
        title=_plain(note.strip()) or None,
        title_fontsize=8,
        fontsize=8,
        frameon=False,
        ncols=min(len(handles), 5),
        loc="upper center",
        bbox_to_anchor=(0.5, -0.11),
    )


def _plain(text: str) -> str:
    """Keep matplotlib from reading a text as mathematics."""
    return text.replace("$", r"\$")
