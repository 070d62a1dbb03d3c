"""The configurations that ship: found by name, complete, and each number with its source."""

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.errors import ConfigError
from bitnet_hw.memory import Memory
from bitnet_hw.model import load_model
from bitnet_hw.presets import configs_folder, find_file, is_path, load_block, preset_names
from bitnet_hw.technology import Technology

BLOCKS = {"memories": Memory, "technologies": Technology}


def load(kind, value):
    return load_block(BLOCKS[kind], kind, value, where=lambda keys: "f.yaml:3", keys=("memory",))


def test_what_ships():
    assert set(preset_names("models")) >= {
        "bitnet-b1.58-700m",
        "bitnet-b1.58-1.3b",
        "bitnet-b1.58-3b",
        "bitnet-b1.58-3.9b",
        "bitnet-b1.58-70b",
        "bitnet-b1.58-2b-4t",
    }
    assert set(preset_names("memories")) >= {"lpddr5x-64", "ddr4-64", "hbm3-stack"}
    assert set(preset_names("technologies")) >= {"horowitz45", "jouppi7"}
    assert set(preset_names("arrays")) >= {"edge", "large", "tiny"}


def test_every_preset_loads():
    for name in preset_names("arrays"):
        assert load_config(name).name == name
    for name in preset_names("models"):
        model = load_model(name)
        assert model.name == name
        assert "not stated" not in (model.source, model.status)
        assert model.title
    for kind in BLOCKS:
        for name in preset_names(kind):
            block = load(kind, name)
            assert block.name == name
            for key, (figure, unit) in block.figures.items():
                assert figure.source != "not stated", f"{name}: {key} has no source"
                assert unit


@pytest.mark.parametrize(
    ("name", "gb_per_s"), [("lpddr5x-64", 68.264), ("ddr4-64", 25.6), ("hbm3-stack", 819.2)]
)
def test_peak_rates(name, gb_per_s):
    assert load("memories", name).peak_gb_per_s.nominal == gb_per_s


@pytest.mark.parametrize(
    ("reference", "path"),
    [
        ("edge", False),
        ("bitnet-b1.58-3b", False),
        ("edge.yaml", True),
        ("a/edge", True),
        ("x.yml", True),
        ("a\\b", True),
    ],
)
def test_is_path(reference, path):
    assert is_path(reference) == path


def test_find_file():
    assert find_file("arrays", "edge") == configs_folder() / "arrays" / "edge.yaml"
    assert str(find_file("arrays", "some/where.yaml")) == "some/where.yaml"


def test_misspelt_name():
    with pytest.raises(
        ConfigError,
        match=r"^model must be the name of a preset or the path of a \.yaml file, "
        r"not 'bitnet-b1\.58-3'; did you mean 'bitnet-b1\.58-3\.9b'\?$",
    ):
        load_model("bitnet-b1.58-3")
    with pytest.raises(
        ConfigError,
        match=r"^f\.yaml:3: memory must be the name of a preset or the path of a \.yaml file, "
        r"not 'lpdr5x'; did you mean 'lpddr5x-64'\?$",
    ):
        load("memories", "lpdr5x")


def test_inline_block():
    memory = load("memories", {"peak_gb_per_s": 100, "energy_pj_per_bit": 4})
    assert memory.bytes_per_second == 100e9
    assert memory.background_mw.nominal == 0
    assert memory.name == "inline"


def test_inline_block_on_a_base():
    memory = load("memories", {"base": "ddr4-64", "efficiency": 0.5})
    assert memory.bytes_per_second == 12.8e9
    assert memory.name == "ddr4-64 (changed)"
    assert memory.energy_pj_per_bit == load("memories", "ddr4-64").energy_pj_per_bit


def test_neither_name_nor_block():
    with pytest.raises(
        ConfigError,
        match=r"^f\.yaml:3: memory must be a name, a path or a block of keys, not 3$",
    ):
        load("memories", 3)


@pytest.mark.parametrize(
    ("key", "value", "requirement"),
    [
        ("peak_gb_per_s", 0, "above 0, not 0"),
        ("efficiency", 0, "above 0 and at most 1, not 0"),
        ("efficiency", 1.5, "above 0 and at most 1, not 1.5"),
    ],
)
def test_impossible_memory(key, value, requirement):
    block = {"peak_gb_per_s": 100, "energy_pj_per_bit": 4, key: value}
    with pytest.raises(ConfigError, match=rf"^f\.yaml:3: memory\.{key} must be {requirement}$"):
        load("memories", block)
