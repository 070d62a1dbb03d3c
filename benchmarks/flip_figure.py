"""Networks against the share of flipped bits, as a PNG file."""

import io
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.flip_effects import Effect

__all__ = ["effects_png"]

_INK, _MUTED, _GRID = "#1d2024", "#626871", "#e3e4e1"
_COLORS = {
    ("trit5", "none"): "#2166ac",
    ("trit2", "none"): "#d9772b",
    ("trit5", "hamming"): "#2a8f6d",
}
_TITLES = {
    "digits": ("Handwritten digits", "right of 360 test images"),
    "language": ("Byte-level language model", "bits per byte, 8 KiB of Python"),
}


def effects_png(effects: Sequence[Effect], dpi: int = 160) -> bytes:
    """Return a PNG image: a plot for each network, a line for each encoding and check.

    Lines are means over the seeds; the range of all seeds is shaded.
    """
    networks = list(dict.fromkeys(effect.network for effect in effects))
    figure = Figure(figsize=(5.5 * len(networks), 4.6), dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, network in zip(
        np.atleast_1d(figure.subplots(1, len(networks))), networks, strict=True
    ):
        _draw(axes, network, [effect for effect in effects if effect.network == network])
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _draw(axes: Axes, network: str, effects: Sequence[Effect]) -> None:
    title, label = _TITLES[network]
    axes.set_title(title, loc="left", color=_INK, fontsize=12, fontweight="bold", pad=10)
    axes.set_xlabel("share of flipped bits in the weight stream", color=_INK)
    axes.set_ylabel(label, color=_INK)
    axes.set_xscale("log")
    axes.grid(color=_GRID)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_MUTED)
    for spine in axes.spines.values():
        spine.set_color(_GRID)
    for (encoding, check), color in _COLORS.items():
        scores = defaultdict(list)
        for effect in effects:
            if (effect.encoding, effect.check) == (encoding, check):
                scores[effect.bit_error_rate].append(effect.score)
        if not scores:
            continue
        rates = sorted(scores)
        name = encoding if check == "none" else f"{encoding}, {check}, words read again"
        axes.plot(rates, [np.mean(scores[rate]) for rate in rates], "o-", color=color, label=name)
        low, high = ([pick(scores[rate]) for rate in rates] for pick in (min, max))
        axes.fill_between(rates, low, high, color=color, alpha=0.15, linewidth=0)
    if network == "digits":
        axes.set_ylim(0, 1.02)
    axes.legend(frameon=False, labelcolor=_INK)
