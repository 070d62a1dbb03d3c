"""A technology file from figures: what is written is what an estimate reads."""

from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from bitnet_hw.area import chip_area_mm2
from bitnet_hw.config import load_config
from bitnet_hw.errors import ConfigError
from bitnet_hw.gates.fit_check import compare, worst_and_median
from bitnet_hw.gates.library import find_library
from bitnet_hw.gates.operands import Operands
from bitnet_hw.gates.parts import CHECK_GROUP
from bitnet_hw.gates.sram_macros import Macro, Memories
from bitnet_hw.gates.technology_file import technology_mapping, technology_text
from bitnet_hw.gates.technology_flow import write_technology
from bitnet_hw.gates.training import training_configs
from bitnet_hw.gates.unit_parts import UNITS, UnitFigures

_HERE = Path(__file__)
_LIBERTY = run_path(str(_HERE.with_name("tiny_liberty.py")))
GROUPS = {
    "adder tree": lambda array: array.rows * array.tree_add_bits,
    "lane select": lambda array: array.rows * array.lanes,
    "accumulator": lambda array: array.rows * array.accumulator_bits * array.max_tokens,
    "tile registers": lambda array: array.tile_trits,
    "activation register": lambda array: array.lanes,
    "weight decoder": lambda array: array.tile_trits,
}
STREAMS = {"digits": 0.25, "uniform": 0.25, "relu2": 0.25, "uniform, 50% zeros": 0.5}


def report(array):
    """Return a report in which everything is proportional to one count of each group."""
    by_group = {
        group: {"switching": 4 * count(array) / array.macs_per_cycle, "leakage": 1e9}
        for group, count in GROUPS.items()
    }
    return {
        "geometry": vars(array),
        "groups": [
            {"group": group, "area_um2": 0.5 * count(array), "leakage_nw": 0.25 * count(array)}
            for group, count in GROUPS.items()
        ],
        "idle_fj_per_cycle": {group: 1.0 * count(array) for group, count in GROUPS.items()},
        "energy": [
            {"operands": stream, "tokens": tokens, "by_group_fj_per_mac": by_group}
            for stream in STREAMS
            for tokens in sorted({1, array.max_tokens})
        ],
        "fmax_mhz_by_part": {"row": 432.1},
        "netlists_sha256": {"row": "0123456789abcdef0123"},
    }


def operands():
    rng = np.random.default_rng(1)
    drawn = []
    for name, zeros in STREAMS.items():
        weights = np.ones((4, 4), np.int8)
        weights.flat[: int(16 * zeros)] = 0
        drawn.append(
            Operands(name, f"source of {name}", weights, rng.integers(0, 9, (2, 4), np.int8))
        )
    return drawn


@pytest.fixture
def library(tmp_path):
    return find_library(str(_LIBERTY["write_tiny"](tmp_path / "tiny")))


@pytest.fixture
def mapping(library):
    # One word for each tile, so that decoded and stored weights are the same number.
    configs = [c for c in training_configs(load_config("edge")) if c.array.words_per_tile == 1]
    units = {name: UnitFigures(1000.0 + place, 32.0, 8.0) for place, name in enumerate(UNITS)}
    units[CHECK_GROUP] = UnitFigures(40.0, 3.0, 1.0)
    macros = (Macro(64, 4.0, 6.0, 4096.0, 8.0), Macro(128, 5.0, 7.0, 8192.0, 16.0))
    memories = Memories(macros, "a macro", "modelled", 2.0)
    return technology_mapping(
        library, 250.0, [report(c.array) for c in configs], operands(), units, memories, node_nm=28
    )


def test_the_table(mapping):
    energy = mapping["energy_pj"]
    assert energy["int8_add"] == {
        "nominal": 1.0,
        "source": "tiny, mapped for 250 MHz: by itself, on random numbers",
        "status": "measured",
    }
    assert energy["fp16_multiply"]["nominal"] == 1.004
    assert energy["register_bit"]["nominal"] == 1.005
    # 3 fJ beyond the clock, of lanes of which 15/16 switch.
    assert energy["lane_select"]["nominal"] == pytest.approx(0.0032)
    assert energy["trit_decode"]["nominal"] == pytest.approx(0.003)
    assert energy["weight_check_bit"]["nominal"] == 0.04
    assert mapping["area_um2"]["weight_check_per_bit"]["nominal"] == 3
    sram, _, banks = mapping["sram_pj_per_64_bits"]
    # Twice the size takes 1.2 times as much; a megabyte in one piece 1.2^10 times.
    assert (sram["kilobytes"], sram["low"], sram["nominal"], sram["high"]) == (0.5, 2, 5, 12)
    assert sram["status"] == "modelled"
    assert (banks["kilobytes"], banks["low"], banks["nominal"]) == (1024, 3, 6)
    assert banks["high"] == pytest.approx(2 * 6 * 1.2**10, rel=1e-4)
    area = mapping["area_um2"]
    assert area["int_add_per_bit"]["nominal"] == 1
    assert area["lane_select_per_bit"]["nominal"] == pytest.approx(0.5 / 8)
    assert area["sram_per_bit"] == {
        "low": 0.5,
        "nominal": 1,
        "high": 2,
        "source": "a macro; a factor of 2 either way",
        "status": "modelled",
    }
    assert mapping["leakage"]["logic_mw_per_mm2"]["nominal"] == pytest.approx(0.5)
    assert mapping["leakage"]["sram_mw_per_mb"]["nominal"] == pytest.approx(8e-6 * 2048)


def test_the_file_says_where_it_comes_from(mapping):
    gates = mapping["gates"]
    assert gates["provenance"]["library"] == "tiny"
    assert gates["provenance"]["files"] == ["tiny.lib"]
    assert gates["provenance"]["clock_mhz"] == 250
    assert gates["operands"]["relu2"] == {"source": "source of relu2", "zero_fraction": 0.25}
    assert gates["arrays"][0]["netlists_sha256"] == {"row": "0123456789abcdef"}
    assert gates["arrays"][0]["fmax_mhz_by_part"] == {"row": 432.1}


def test_an_estimate_reads_what_was_written(mapping, tmp_path):
    file = tmp_path / "t.yaml"
    file.write_text(technology_text(mapping, "A comment\nof two lines"))
    text = file.read_text()
    assert text.startswith("# A comment\n# of two lines\ntitle: tiny, 1 V, 25 C, from gates\n")
    assert max(map(len, text.splitlines())) < 1000
    config = load_config("edge", {"technology": str(file)})
    array = config.array
    assert config.technology.name == "t"
    assert config.technology.node_nm == 28
    area = chip_area_mm2(config)
    # An array that is not among the measured ones.
    assert area["adder_tree"] == pytest.approx(0.5e-6 * array.rows * array.tree_add_bits, rel=1e-4)
    assert area["registers"] == pytest.approx(0.5e-6 * (320 + 20), rel=1e-4)


def test_compared_with_the_gates(mapping, tmp_path):
    file = tmp_path / "t.yaml"
    file.write_text(technology_text(mapping, ""))
    config = load_config("edge", {"technology": str(file), "clock_mhz": 250})
    found = compare(config, report(config.array), STREAMS)
    assert [(row.figure, row.tokens) for row in found][:4] == [
        ("area", 0),
        ("leakage", 0),
        ("digits", 1),
        ("digits", 8),
    ]
    assert found[0].array == "16x20 trit5"
    units = sum(count(config.array) for count in GROUPS.values())
    assert found[2].gates == pytest.approx(4 * units)
    worst, median = worst_and_median(found)
    assert worst < 1e-4
    assert median <= worst


def test_numbers_have_no_exponents():
    text = technology_text({"a": 1e-7, "b": [{"c": 8.6627, "d": None, "e": "x: y"}]}, "n")
    assert text == "# n\na: 0.0000001\nb:\n  - {c: 8.6627, d: null, e: 'x: y'}\n"


def test_what_does_not_fit_together(library, tmp_path):
    fast, slow = (load_config("tiny", {"clock_mhz": clock}) for clock in (200, 100))
    with pytest.raises(ConfigError) as error:
        write_technology([fast, slow], library, tmp_path / "t.yaml", node_nm=28)
    assert str(error.value) == "clock_mhz of all arrays of a technology must be one, not 100, 200"
    with pytest.raises(ConfigError) as error:
        write_technology([fast], library, tmp_path / "t.yaml")
    assert str(error.value) == "--node-nm must be given for the library tiny"
