"""The distribution of a checkpoint's weights as a PNG file."""

import io
import math

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from bitnet_hw.checkpoint.names import ROLES
from bitnet_hw.checkpoint.statistics import TensorStatistics, totals_of

__all__ = ["distribution_png"]

# The light colours of the HTML report.
_INK, _MUTED, _GRID = "#1d2024", "#626871", "#e3e4e1"
_ROLE_COLORS = ("#2166ac", "#d9772b", "#2a8f6d", "#b04a86", "#7b68b8", "#a98a15", "#4fa3c7")

_GAUSSIAN_ZEROS = math.erf(1 / (2 * math.sqrt(math.pi)))
"""Part of a normal distribution within half its mean magnitude: what absmean makes 0."""


def distribution_png(rows: list[TensorStatistics], *, title: str, dpi: int = 160) -> bytes:
    """Return the shares of -1, 0 and +1, and the zeros and the entropy of each layer, as a PNG.

    Drawn by Agg, without a display and without global state. The same rows give the same bytes.

    Parameters
    ----------
    rows : list of TensorStatistics
        One for each projection.
    title : str
        Line above the plot.
    dpi : int
        Pixels per inch; the image is 11 by 4.5 inches.
    """
    figure = Figure(figsize=(11, 4.5), dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(
        title.replace("$", r"\$"), x=0.01, ha="left", color=_INK, fontsize=12, fontweight="bold"
    )
    shares, zeros, entropy = figure.subplots(1, 3, width_ratios=(1, 2, 2))
    for axes in (shares, zeros, entropy):
        _plain_axes(axes)
    _draw_shares(shares, rows)
    _draw_by_layer(zeros, rows, "zeros")
    zeros.axhline(_GAUSSIAN_ZEROS, color=_MUTED, linewidth=1, linestyle=":")
    zeros.axhline(1 / 3, color=_MUTED, linewidth=1, linestyle="--")
    zeros.set_title("zeros (dotted: normal distribution; dashed: 1/3)", fontsize=9, color=_INK)
    zeros.yaxis.set_major_formatter(PercentFormatter(1))
    _draw_by_layer(entropy, rows, "entropy")
    entropy.axhline(math.log2(3), color=_MUTED, linewidth=1, linestyle="--")
    entropy.axhline(1.6, color=_MUTED, linewidth=1)
    entropy.set_title(
        "entropy, bits per weight (dashed: log2 3; line: trit5)", fontsize=9, color=_INK
    )
    figure.legend(
        *entropy.get_legend_handles_labels(),
        loc="outside lower right",
        ncols=len(ROLES),
        fontsize=8,
        frameon=False,
    )
    image = io.BytesIO()
    # Without the version of matplotlib inside, the bytes depend on the picture alone.
    figure.savefig(image, format="png", metadata={"Software": None})
    return image.getvalue()


def _plain_axes(axes: Axes) -> None:
    axes.grid(True, color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_MUTED, labelcolor=_INK, length=0)
    for spine in axes.spines.values():
        spine.set_color(_GRID)


def _draw_shares(axes: Axes, rows: list[TensorStatistics]) -> None:
    bars = axes.bar(["-1", "0", "+1"], totals_of(rows).fractions, color=_ROLE_COLORS[0])
    axes.bar_label(bars, fmt=lambda part: f"{100 * part:.2f} %", fontsize=8, color=_INK)
    axes.set_title("all weights", fontsize=9, color=_INK)
    axes.yaxis.set_major_formatter(PercentFormatter(1))


def _draw_by_layer(axes: Axes, rows: list[TensorStatistics], what: str) -> None:
    for role, color in zip(ROLES, _ROLE_COLORS, strict=True):
        own = [row for row in rows if row.tensor.role == role]
        axes.plot(
            [row.tensor.layer for row in own],
            [
                row.totals.fractions[1] if what == "zeros" else row.totals.entropy_bits
                for row in own
            ],
            color=color,
            linewidth=1.2,
            marker="o",
            markersize=3,
            label=role,
        )
    axes.set_xlabel("layer", color=_INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
