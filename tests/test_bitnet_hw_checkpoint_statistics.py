"""Counts and entropy, against values worked out by hand."""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from bitnet_hw.checkpoint.distribution_plot import distribution_png
from bitnet_hw.checkpoint.names import ROLES
from bitnet_hw.checkpoint.statistics import Totals, statistics_of, totals_of
from bitnet_hw.checkpoint.ternary import TernaryTensor


@dataclass(frozen=True)
class Memory:
    codes: np.ndarray
    inverse_mean: np.float32

    def rows(self, start, stop, memory=None):
        return self.codes[start:stop]


def tensor(codes, layer=0, role="q"):
    n, k = codes.shape
    return TernaryTensor(
        "w", layer, role, n, k, "here", "mean", n * k, partial(Memory, codes, np.float32(2))
    )


def test_counts():
    # 3000 x 700 is read in two blocks.
    codes = np.random.default_rng(0).choice(3, (3000, 700), p=[0.2, 0.5, 0.3]).astype(np.uint8)
    found = statistics_of(tensor(codes))
    assert found.inverse_mean == 2
    counts = found.totals.minus, found.totals.zero, found.totals.plus
    assert counts == tuple(np.bincount(codes.reshape(-1)))
    assert totals_of([found, found]).weights == 4_200_000


@pytest.mark.parametrize(
    ("counts", "bits"),
    [((1, 1, 1), math.log2(3)), ((1, 2, 1), 1.5), ((1, 0, 1), 1), ((0, 5, 0), 0)],
)
def test_entropy(counts, bits):
    assert Totals(*counts).entropy_bits == pytest.approx(bits)


def test_plot_is_the_same_each_time():
    rows = [
        statistics_of(tensor(np.full((2, 3), layer, np.uint8), layer, role))
        for layer in range(3)
        for role in ROLES
    ]
    image = distribution_png(rows, title="A $name$", dpi=50)
    assert image.startswith(b"\x89PNG")
    assert distribution_png(rows, title="A $name$", dpi=50) == image
