"""Configuration files: defaults, bases, changes by dotted key, and every way to get them wrong."""

import re

import pytest

from bitnet_hw.config import config_from_mapping, config_of, load_config
from bitnet_hw.document import read_document
from bitnet_hw.errors import ConfigError
from rtl.geometry import Geometry

ARRAY = "{rows: 4, lanes: 8, weight_bus_bits: 64, max_k: 64, output_bus_words: 2}"
FULL = f"""\
array: {ARRAY}
clock_mhz: 500
memory: ddr4-64
technology: horowitz45
vector_unit:
  fp16_macs_per_cycle: 16
"""


@pytest.fixture
def write(tmp_path):
    def write_text(text, name="x.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write_text


def test_defaults(write):
    config = load_config(write(f"array: {ARRAY}\n"))
    assert config.name == "x"
    assert config.array == Geometry(
        rows=4, lanes=8, weight_bus_bits=64, max_k=64, output_bus_words=2
    )
    assert config.clock_mhz == 1000
    assert config.memory.name == "lpddr5x-64"
    assert config.technology.name == "jouppi7"
    assert config.vector_unit.fp16_macs_per_cycle == 64


def test_every_key(write):
    config = load_config(write(FULL))
    assert config.clock_hz == 500e6
    assert config.memory.name == "ddr4-64"
    assert config.technology.name == "horowitz45"
    assert config.vector_unit.fp16_macs_per_cycle == 16


def test_edge_preset():
    array = load_config("edge").array
    assert (array.rows, array.lanes, array.words_per_tile) == (16, 20, 1)
    assert array.bits_per_weight == 1.6


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rows: 4", "rows: 0", ":1: array.rows must be an integer from 1 to 4096, not 0"),
        ("rows: 4", "rows: many", ":1: array.rows must be an integer from 1 to 4096, not 'many'"),
        ("rows: 4", "rows: true", ":1: array.rows must be an integer from 1 to 4096, not True"),
        ("rows: 4", "rows: 1e1", ":1: array.rows must be an integer from 1 to 4096, not '1e1'"),
        (
            "lanes: 8",
            "lanes: 1000000000",
            ":1: array.lanes must be an integer from 1 to 4096, not 1000000000",
        ),
        (
            "lanes: 8",
            "lanes: 10**9",
            ":1: array.lanes must be an integer from 1 to 4096, not '10**9'",
        ),
        ("lanes: 8", "lanes: [8, 9]", ":1: array.lanes must be a short value, not a list of 2"),
        ("lanes: 8, ", "", ":1: array.lanes must be given"),
        ("rows: 4", "row: 4", ":1: array.row must be a known key of array; did you mean 'rows'?"),
        (
            "bits: 64",
            "bits: 63",
            ":1: array.weight_bus_bits must be a multiple of 8, not 63 (7 bits over)",
        ),
        ("words: 2", "words: 5", ":1: array.output_bus_words must be at most rows (4), not 5"),
        (ARRAY, "4", ":1: array must be a block of keys, not 4"),
        (f"array: {ARRAY}\n", "", ": array must be given"),
        ("clock_mhz: 500", "clock_mhz: 0", ":2: clock_mhz must be above 0.0, not 0"),
        ("clock_mhz: 500", "clock_mhz: .inf", ":2: clock_mhz must be a number, not '.inf'"),
        (
            "clock_mhz: 500",
            "clock_mhz: 1e3",
            ":2: clock_mhz must be a number, not '1e3' (text; write 1000)",
        ),
        (
            "clock_mhz",
            "clok_mhz",
            ":2: clok_mhz must be a known key of the file; did you mean 'clock_mhz'?",
        ),
        (
            "memory: ddr4-64",
            "memory: ddr4",
            (
                ":3: memory must be the name of a preset or the path of a .yaml file, "
                "not 'ddr4'; did you mean 'ddr4-64'?"
            ),
        ),
        (
            "memory: ddr4-64",
            "memory: {peak_gb_per_s: 3}",
            ":3: memory.energy_pj_per_bit must be given",
        ),
        (
            "fp16_macs_per_cycle: 16",
            "fp16_macs_per_cycle: -1",
            ":6: vector_unit.fp16_macs_per_cycle must be at least 1, not -1",
        ),
        ("clock_mhz: 500", "base: 3", ":2: base must be the path of a file, not 3"),
        (
            "clock_mhz: 500",
            "clock_mhz: 1\nclock_mhz: 2",
            ":3: clock_mhz must be given once, but line 2 gives it too",
        ),
    ],
)
def test_wrong_file(write, old, new, message):
    path = write(FULL.replace(old, new))
    with pytest.raises(ConfigError, match=f"^{re.escape(f'{path}{message}')}$"):
        load_config(path)


def test_base_is_merged_key_by_key(write, tmp_path):
    write(FULL, "below.yaml")
    config = load_config(write("base: below.yaml\narray: {rows: 6}\nclock_mhz: 250\n"))
    assert (config.array.rows, config.array.lanes) == (6, 8)
    assert config.clock_mhz == 250
    assert config.memory.name == "ddr4-64"
    assert config.name == "x"


def test_base_may_be_a_preset(write):
    config = load_config(write("base: edge\nmemory: hbm3-stack\n"))
    assert config.array == load_config("edge").array
    assert config.memory.name == "hbm3-stack"


def test_an_error_names_the_file_of_the_key(write, tmp_path):
    below = write(FULL.replace("rows: 4", "rows: 0"), "below.yaml")
    path = write("base: below.yaml\n\narray: {lanes: 0}\n")
    with pytest.raises(ConfigError, match=rf"^{below}:1: array\.rows must be .*, not 0$"):
        load_config(path)
    write(FULL, "below.yaml")
    with pytest.raises(ConfigError, match=rf"^{path}:3: array\.lanes must be .*, not 0$"):
        load_config(path)


def test_base_cycle(write):
    write("base: x.yaml\n", "y.yaml")
    path = write("base: y.yaml\n")
    with pytest.raises(
        ConfigError, match=r"^.*x\.yaml: base must not lead back to the file itself$"
    ):
        load_config(path)


def test_paths_are_relative_to_their_file(write, tmp_path):
    write("peak_gb_per_s: 7\nenergy_pj_per_bit: 1\n", "sub/own.yaml")
    write(FULL.replace("ddr4-64", "own.yaml"), "sub/below.yaml")
    config = load_config(write("base: sub/below.yaml\n"))
    assert config.memory.name == "own"
    assert config.memory.peak_gb_per_s.nominal == 7
    inline = "{base: sub/own.yaml, efficiency: 0.5}"
    config = load_config(write(FULL.replace("ddr4-64", inline)))
    assert config.memory.bytes_per_second == 3.5e9


def test_error_inside_a_named_file(write):
    own = write("peak_gb_per_s: 7\nenergy_pj_per_bit: fast\n", "own.yaml")
    path = write(FULL.replace("ddr4-64", "own.yaml"))
    with pytest.raises(
        ConfigError, match=rf"^{own}:2: energy_pj_per_bit must be a number, not 'fast'$"
    ):
        load_config(path)


def test_changes():
    changes = {
        "array.rows": 32,
        "clock_mhz": 1200,
        "memory": "hbm3-stack",
        "technology.energy_pj.int8_add": 0.01,
        "vector_unit.fp16_macs_per_cycle": 8,
    }
    config = load_config("edge", changes)
    assert (config.array.rows, config.array.lanes) == (32, 20)
    assert config.clock_mhz == 1200
    assert config.memory.name == "hbm3-stack"
    # The rest of the named technology stays.
    assert config.technology.energy_pj.int8_add.nominal == 0.01
    assert config.technology.energy_pj.int32_add.nominal == 0.03
    assert config.vector_unit.fp16_macs_per_cycle == 8


def test_a_change_inside_a_named_memory():
    config = load_config("edge", {"memory.efficiency": 0.5})
    assert config.memory.bytes_per_second == pytest.approx(34.132e9)
    assert load_config("edge").memory.bytes_per_second == pytest.approx(58.0244e9)


def test_changes_leave_the_document_alone():
    document = read_document("edge")
    changed = document.with_changes({"array.rows": 32}, source="sweep.yaml")
    assert config_of(changed).array.rows == 32
    assert config_of(document).array.rows == 16


MAPPING = {
    "array": {"rows": 4, "lanes": 8, "weight_bus_bits": 64, "max_k": 64, "output_bus_words": 2}
}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"array.rowz": 1}, "array.rowz must be a known key of array; did you mean 'rows'?"),
        ({"arry.rows": 1}, "arry must be a known key of the file; did you mean 'array'?"),
        ({"memory.eff": 1}, "memory.eff must be a known key of memory; did you mean 'efficiency'?"),
        ({"array.rows": "many"}, "array.rows must be an integer from 1 to 4096, not 'many'"),
        (
            {"array.rows.x": 1},
            "array.rows must be a block of keys to change array.rows.x, not 4",
        ),
    ],
)
def test_wrong_override(overrides, message):
    with pytest.raises(ConfigError, match=f"^{re.escape('s.yaml: ' + message)}$"):
        config_from_mapping(MAPPING, source="s.yaml", overrides=overrides)


def test_mapping():
    config = config_from_mapping(MAPPING, source="sweeps/s.yaml", overrides={"array.rows": 8})
    assert config.array.rows == 8
    assert config.name == "s"
    assert MAPPING["array"]["rows"] == 4


def test_mapping_on_a_base(write, tmp_path):
    write(FULL, "below.yaml")
    config = config_from_mapping({"base": "below.yaml"}, source=tmp_path / "s.yaml")
    assert config.clock_mhz == 500


def test_configurations_do_not_change():
    config = load_config("edge")
    with pytest.raises(ValueError, match="frozen"):
        config.clock_mhz = 1
