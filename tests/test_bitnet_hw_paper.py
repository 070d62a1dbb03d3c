"""The arithmetic of the papers, done again."""

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.model import load_model
from bitnet_hw.paper import (
    PUBLISHED,
    arithmetic_ratio,
    compare,
    matmul_energy_ratio,
    memory_ratio,
)

JOUPPI = load_config("edge").technology
HOROWITZ = load_config("edge", {"technology": "horowitz45"}).technology


def test_arithmetic_ratio():
    # "71.4 times" in arXiv 2402.17764, section 3: (0.34 + 0.16) / 0.007.
    assert arithmetic_ratio(JOUPPI) == pytest.approx(71.43, abs=0.005)
    assert arithmetic_ratio(HOROWITZ) == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("name", "ratio"),
    [("bitnet-b1.58-1.3b", 18.7), ("bitnet-b1.58-3b", 25.4), ("bitnet-b1.58-70b", 42.4)],
)
def test_sequence_ratio(name, ratio):
    assert matmul_energy_ratio(load_model(name), JOUPPI) == pytest.approx(ratio, abs=0.05)


def test_energy_of_2b4t():
    # 0.028 J in arXiv 2504.12285: 512 tokens of additions at 0.007 pJ and FP16 attention.
    model = load_model("bitnet-b1.58-2b-4t")
    attention = model.layers * 2 * 512 * model.q_dim * 0.50e-12
    joules = 512 * (model.ternary_parameters * 0.007e-12 + attention)
    assert joules == pytest.approx(0.0276, abs=5e-5)


@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        # 7.89 GB, of which 3.2215e9 weights shrink by 1.75 bytes each: 7.89 / 2.252.
        ("bitnet-b1.58-3b", 3.503),
        # 3.34 / (3.34 - 2.1136)
        ("bitnet-b1.58-1.3b", 2.723),
    ],
)
def test_memory_ratio(name, ratio):
    fp16_gb = PUBLISHED[name].fp16_gb
    assert memory_ratio(load_model(name), fp16_gb) == pytest.approx(ratio, abs=2e-3)


def test_memory_ratio_without_a_published_size():
    # 2 x (68.451e9 + 2 x 0.262e9 + 0.004e9) bytes over 68.451e9 / 4 + the rest.
    assert memory_ratio(load_model("bitnet-b1.58-70b")) == pytest.approx(7.59, abs=0.01)


def test_comparisons():
    energy, memory, speed = compare(
        load_model("bitnet-b1.58-3b"), JOUPPI, energy=1.0, memory=2.0, speed=3.0
    )
    assert (energy.quantity, energy.paper, energy.ours) == ("energy", 21.7, 1.0)
    assert (memory.quantity, memory.paper, memory.ours) == ("memory", 3.55, 2.0)
    assert (speed.quantity, speed.paper, speed.ours) == ("speed", 2.71, 3.0)
    assert speed.reproduced is None
    for comparison in (energy, memory, speed):
        assert comparison.why.endswith(".")


def test_70b():
    published = PUBLISHED["bitnet-b1.58-70b"]
    assert (published.energy, published.memory, published.speed) == (41.2, 7.16, 4.1)


def test_another_size_says_so():
    model = load_model("bitnet-b1.58-3.9b")
    _, memory, speed = compare(model, JOUPPI, energy=1.0, memory=1.0, speed=1.0)
    assert memory.reproduced is None
    assert "LLaMA 3B" in memory.why
    assert "LLaMA 3B" in speed.why


def test_nothing_published():
    model = load_model("bitnet-b1.58-2b-4t")
    assert compare(model, JOUPPI, energy=1.0, memory=1.0, speed=1.0) == ()
