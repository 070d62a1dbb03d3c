"""The error of each figure as a picture, PNG or HTML."""

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bitnet_hw.reproduce.reproduction import LARGE_ERROR, Reproduction
from bitnet_hw.reproduce.row import Row

__all__ = ["error_png"]

# The light colours of the HTML report.
_INK, _MUTED, _GRID, _BAND = "#1d2024", "#626871", "#e3e4e1", "#eef3f8"
_COLORS = {"reproduced": "#2166ac", "unseen": "#d9772b", "calibration": "#a3a8ae"}
_LABELS = {
    "reproduced": "reproduced",
    "unseen": "unseen: no whole-model figure of the system went into a constant",
    "calibration": "calibration: no test",
}
_AGREEMENT = {"reproduced": "all", "systems": "of these on systems", "unseen": "unseen"}
_LINE_INCHES = 0.185
_HEADER_INCHES = 1.7


@dataclass(frozen=True)
class _Line:
    """A line of the picture: a figure, or the heading of a set of figures."""

    y: int
    row: Row | None
    text: str


def error_png(result: Reproduction, *, dpi: int = 150) -> bytes:
    """Return a picture of all errors, a line for each figure compared, grouped as in the tables.

    Drawn by Agg, without a display and without global state. The same rows give the same bytes.

    Parameters
    ----------
    result : Reproduction
        The figures.
    dpi : int
        Pixels per inch.
    """
    lines = _lines(result.compared)
    figure = Figure(
        figsize=(10.5, _HEADER_INCHES + _LINE_INCHES * len(lines)), dpi=dpi, layout="constrained"
    )
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    figure.suptitle(
        "Published figures, computed again",
        x=0.01,
        ha="left",
        color=_INK,
        fontsize=13,
        fontweight="bold",
    )
    axes.set_title(_agreement(result), loc="right", color=_MUTED, fontsize=9, pad=30)
    _draw_axes(axes, lines, _limit(result.compared))
    for line in lines:
        if line.row is not None:
            _draw_row(axes, line.y, line.row)
    _draw_legend(axes, result.compared)
    image = io.BytesIO()
    # Without the version of matplotlib inside, the bytes depend on the picture alone.
    figure.savefig(image, format="png", metadata={"Software": None})
    return image.getvalue()


def _agreement(result: Reproduction) -> str:
    parts = [
        f"{_AGREEMENT[summary.kind]}: {summary.figures}, median error "
        f"{100 * summary.median_error:.1f} %"
        for summary in result.summaries
    ]
    return "    ".join(parts)


def _lines(rows: Sequence[Row]) -> list[_Line]:
    lines: list[_Line] = []
    for group, members in itertools.groupby(rows, key=lambda row: row.group):
        lines.append(_Line(len(lines), None, group))
        for row in members:
            lines.append(_Line(len(lines), row, row.figure))
    return lines


def _limit(rows: Sequence[Row]) -> float:
    """Return the end of the axis in %, with room for the number beside the outermost point."""
    largest = max((abs(row.relative_error or 0) for row in rows), default=0)
    return max(30.0, 100 * largest * 1.25)


def _draw_axes(axes: Axes, lines: Sequence[_Line], limit: float) -> None:
    axes.set_xlim(-limit, limit)
    axes.set_ylim(len(lines) - 0.4, -0.8)
    axes.axvspan(-100 * LARGE_ERROR, 100 * LARGE_ERROR, color=_BAND, zorder=0)
    axes.axvline(0, color=_MUTED, linewidth=1, zorder=1)
    axes.grid(True, axis="x", color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(
        f"ours over published, less one (%); shaded: within {100 * LARGE_ERROR:.0f} %", color=_INK
    )
    axes.set_yticks([line.y for line in lines], [_plain(line.text) for line in lines], fontsize=8)
    for line, label in zip(lines, axes.get_yticklabels(), strict=True):
        label.set_color(_INK)
        if line.row is None:
            label.set_fontweight("bold")
            axes.axhline(line.y, color=_GRID, linewidth=0.8, zorder=0)
    axes.tick_params(axis="y", length=0)
    # The picture is tall: the scale is wanted at both ends.
    axes.tick_params(
        axis="x", colors=_MUTED, labelcolor=_INK, length=0, labeltop=True, labelbottom=True
    )
    for spine in axes.spines.values():
        spine.set_color(_GRID)


def _draw_row(axes: Axes, y: int, row: Row) -> None:
    color = _COLORS[row.kind]
    if row.relative_error is None:
        axes.text(0, y, "  not computed", va="center", fontsize=7.5, color=_MUTED, style="italic")
        return
    percent = 100 * row.relative_error
    axes.plot([0, percent], [y, y], color=color, linewidth=1.6, solid_capstyle="butt", zorder=2)
    axes.plot(percent, y, marker="o", markersize=4.5, color=color, zorder=3)
    side = 1 if percent >= 0 else -1
    axes.annotate(
        _signed(percent),
        (percent, y),
        xytext=(6 * side, 0),
        textcoords="offset points",
        ha="left" if side > 0 else "right",
        va="center",
        fontsize=7,
        color=_INK if abs(row.relative_error) > LARGE_ERROR else _MUTED,
    )


def _draw_legend(axes: Axes, rows: Sequence[Row]) -> None:
    kinds = [kind for kind in _COLORS if any(row.kind == kind for row in rows)]
    handles = [
        Line2D([], [], marker="o", color=_COLORS[kind], label=_LABELS[kind]) for kind in kinds
    ]
    axes.legend(
        handles=handles,
        loc="upper right",
        bbox_to_anchor=(1.0, 0.0),
        borderaxespad=3.2,
        ncols=len(handles),
        fontsize=8,
        frameon=False,
    )


def _signed(percent: float) -> str:
    """Return a percentage with its sign; what rounds to nothing has none."""
    text = f"{percent:+.1f}"
    return text[1:] if float(text) == 0 else text


def _plain(text: str) -> str:
    """Keep matplotlib from reading a text as mathematics."""
    return text.replace("$", r"\$")
