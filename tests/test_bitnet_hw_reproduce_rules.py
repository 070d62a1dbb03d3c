"""The papers' closed formulas, by hand."""

import pytest

from bitnet_hw.model import Model, load_model
from bitnet_hw.presets import load_block
from bitnet_hw.reproduce.rules import (
    arithmetic_ratio,
    matmul_energy_j,
    matmul_energy_ratio,
    memory_ratio,
)
from bitnet_hw.technology import Technology

JOUPPI = load_block(Technology, "technologies", "jouppi7", where=lambda keys: "f")


def test_arithmetic_ratio():
    # 0.5 / 0.007
    assert arithmetic_ratio(JOUPPI) == pytest.approx(71.428571, abs=1e-6)


def test_energy_of_one_layer():
    # q, k, v, o of 4x4 and gate, up, down of 4x8: 160 weights; 2 x 3 x 4 products of attention for
    # each of 3 tokens.
    model = Model(
        **{"hidden": 4, "layers": 1, "heads": 2, "kv_heads": 2, "head_dim": 2, "ffn": 8},
        **{"vocab": 5, "context": 8, "tied_embeddings": True},
        activation="silu",
        sub_norms=False,
    )
    fp16 = matmul_energy_j(model, JOUPPI, ternary=False, tokens=3)
    ternary = matmul_energy_j(model, JOUPPI, ternary=True, tokens=3)
    assert fp16 == pytest.approx(3 * (160 + 24) * 0.5e-12)
    assert ternary == pytest.approx(3 * (160 * 0.007 + 24 * 0.5) * 1e-12)
    assert matmul_energy_ratio(model, JOUPPI, 3) == pytest.approx(92 / 13.12)


@pytest.mark.parametrize(
    ("size", "ratio"),
    [("1.3b", 18.71), ("3b", 25.38), ("7b", 29.39), ("13b", 33.30), ("70b", 42.42)],
)
def test_energy_by_size(size, ratio):
    model = load_model(f"bitnet-b1.58-{size}")
    assert matmul_energy_ratio(model, JOUPPI) == pytest.approx(ratio, abs=0.005)


def test_memory_ratio():
    # 7.89 GB, of which 3.2215e9 weights shrink by 1.75 bytes each: 7.89 / 2.252.
    assert memory_ratio(load_model("bitnet-b1.58-3b"), 7.89) == pytest.approx(3.503, abs=2e-3)
