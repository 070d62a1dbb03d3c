"""Memories: what they deliver and hold, and that every shipped number says where it is from."""

import math

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.energy import Event
from bitnet_hw.errors import ConfigError
from bitnet_hw.memory import Memory
from bitnet_hw.presets import load_block, preset_names

NAMES = preset_names("memories")


def load(value):
    return load_block(Memory, "memories", value, where=lambda keys: "f", keys=("memory",))


def test_sustained_rate():
    memory = load({"peak_gb_per_s": 100, "efficiency": 0.8, "energy_pj_per_bit": 5})
    assert memory.bytes_per_second == 80e9
    assert memory.capacity_bytes == math.inf
    assert list(memory.figures) == [
        "peak_gb_per_s",
        "efficiency",
        "energy_pj_per_bit",
        "background_mw",
    ]


@pytest.mark.parametrize(
    ("name", "gb_per_s", "gibibytes"),
    [
        ("lpddr5x-64", 68.264, 32),
        ("lpddr5x-256", 273.056, 128),
        ("lpddr5x-256-32gb", 273.056, 32),
        ("ddr4-64", 25.6, 8),
        ("ddr5-8ch", 307.2, 512),
        ("gddr7-256", 1024, 16),
        ("hbm3-stack", 819.2, 24),
        ("hbm3e-stack", 1177.6, 36),
    ],
)
def test_shipped(name, gb_per_s, gibibytes):
    memory = load(name)
    assert memory.peak_gb_per_s.nominal == gb_per_s
    assert memory.capacity_bytes == pytest.approx(gibibytes * 2**30, rel=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_a_source(name):
    memory = load(name)
    assert set(memory.figures) >= {"capacity_gb", "dollars_per_gb"}
    for figure, _ in memory.figures.values():
        assert figure.source != "not stated"
        assert figure.nominal > 0


def test_wider_memory_of_the_same_kind_costs_the_same_for_a_bit():
    narrow, wide = load("lpddr5x-64"), load("lpddr5x-256")
    assert wide.energy_pj_per_bit.nominal == narrow.energy_pj_per_bit.nominal
    for key in ("peak_gb_per_s", "background_mw", "capacity_gb"):
        ratio = getattr(wide, key).nominal / getattr(narrow, key).nominal
        assert ratio == pytest.approx(4, rel=1e-3)


def test_several():
    one, six = load("hbm3e-stack"), load({"base": "hbm3e-stack", "count": 6})
    assert six.name == "hbm3e-stack"
    assert six.bytes_per_second == pytest.approx(6 * one.bytes_per_second)
    assert six.capacity_bytes == pytest.approx(6 * one.capacity_bytes)
    assert six.dollars() == pytest.approx(6 * one.dollars()) == pytest.approx(6 * 38.65 * 9.9)
    assert six.dollars("high") == pytest.approx(6 * 38.65 * 20)
    # Energy of a bit is that of the one that holds it.
    assert six.energy_pj_per_bit == one.energy_pj_per_bit


def test_background_power_of_several():
    energies = []
    for count in (1, 3):
        changes = {"memory": {"base": "hbm3-stack", "count": count}}
        config = load_config("large", changes)
        energies.append(Event("dram_second").energy_pj(config))
    assert energies == [2e12, 6e12]


def test_price_that_is_not_stated():
    memory = load({"peak_gb_per_s": 100, "energy_pj_per_bit": 5, "capacity_gb": 8})
    assert math.isnan(memory.dollars())


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("count", 0, "memory.count must be at least 1, not 0"),
        ("count", 1.5, "memory.count must be an integer, not 1.5"),
        ("peak_gb_per_s", 0, "memory.peak_gb_per_s must be above 0"),
        ("capacity_gb", 0, "memory.capacity_gb must be above 0"),
        ("efficiency", 1.2, "memory.efficiency must be above 0 and at most 1"),
    ],
)
def test_wrong_numbers(key, value, message):
    block = {"peak_gb_per_s": 100, "energy_pj_per_bit": 5, key: value}
    with pytest.raises(ConfigError, match=f"^f: {message}"):
        load(block)
