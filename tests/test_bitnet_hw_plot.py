"""The Pareto plot is a PNG file, whatever the rows hold."""

import io
import itertools

import numpy as np
import pytest
from matplotlib import image

from bitnet_hw.exploration import Exploration
from bitnet_hw.plot import pareto_png
from bitnet_hw.row import Row

# An error of the interpreter of mathematical text, if it gets this far.
HOSTILE = "$\\frac{ <img onerror=x> $"


def exploration(count=20, objectives=("tokens_per_second", "energy_j", "macs_per_cycle")):
    rows = [
        Row({
            "array.rows": rows,
            "array.lanes": lanes,
            "memory": memory,
            "error": None,
            "tokens_per_second": rows * lanes / (7 if memory == HOSTILE else 9),
            "energy_j": (1e-3 * rows + 1 / lanes) * (1 if memory == HOSTILE else 0.8),
            "macs_per_cycle": rows * lanes,
        })
        for memory, rows, lanes in itertools.product(
            ["ddr4-64", HOSTILE], [8, 16, 32, 64, 128], [8, 16]
        )
    ][:count]
    directions = {"tokens_per_second": "max", "energy_j": "min", "macs_per_cycle": "min"}
    return Exploration(
        axes=("memory", "array.rows", "array.lanes"),
        objectives={name: directions[name] for name in objectives},
        rows=rows,
        points=count,
    )


def test_png_has_the_points_in_their_colours():
    pixels = image.imread(io.BytesIO(pareto_png(exploration(), title=HOSTILE, dpi=60)))
    assert pixels.shape[:2] == (360, 540)
    # Blue and orange, the colours of the two memories: more than the markers of the legend.
    for color in ((0x21, 0x66, 0xAC), (0xD9, 0x77, 0x2B)):
        distance = np.abs(255 * pixels[:, :, :3] - color).max(axis=2)
        assert (distance < 30).sum() > 150
    assert (pixels[:, :, :3] == 1).all(axis=2).mean() > 0.8


def test_the_same_points_give_the_same_bytes():
    assert pareto_png(exploration(), title="a", dpi=40) == pareto_png(
        exploration(), title="a", dpi=40
    )


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize(
    "objectives",
    [
        ("tokens_per_second", "energy_j", "macs_per_cycle"),
        ("tokens_per_second", "energy_j"),
        ("energy_j",),
        ("macs_per_cycle",),
    ],
)
def test_few_points(count, objectives):
    png = pareto_png(exploration(count, objectives), title="few", dpi=30)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
