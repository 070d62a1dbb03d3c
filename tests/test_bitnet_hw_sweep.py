"""Sweep files: what they mean, and what is said about wrong ones."""

import itertools
import re

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.presets import configs_folder
from bitnet_hw.sweep import load_sweep

HEAD = "base: edge\nmodel: bitnet-b1.58-3b\n"


@pytest.fixture
def sweep(tmp_path):
    def load(text):
        path = tmp_path / "s.yaml"
        path.write_text(text)
        return load_sweep(path)

    return load


@pytest.fixture
def fails(sweep, tmp_path):
    def check(text, message):
        with pytest.raises(ConfigError) as error:
            sweep(text)
        assert str(error.value).replace(str(tmp_path), "") == message

    return check


def test_shipped_sweep():
    sweep = load_sweep("array-size")
    assert sweep.file.path == configs_folder() / "sweeps" / "array-size.yaml"
    assert sweep.axes == ("memory", "array.rows", "array.lanes")
    assert sweep.points == 50
    assert [sweep.point(index).config() for index in range(50)]


def test_every_shipped_sweep_loads():
    for path in (configs_folder() / "sweeps").glob("*.yaml"):
        assert load_sweep(path).points > 1


def test_points_are_the_product_of_the_values_the_last_field_fastest(sweep):
    found = sweep(
        HEAD + "sweep:\n  array.rows: [16, 32]\n  clock_mhz: 500\n"
        "  array.lanes: {from: 8, to: 32, log2: true}\n  batch: [1, 4]\n"
    )
    assert found.axes == ("array.rows", "array.lanes", "batch")
    assert found.points == 12
    points = [found.point(index) for index in range(found.points)]
    assert [
        (point.values["array.rows"], point.values["array.lanes"], point.workload["batch"])
        for point in points
    ] == list(itertools.product([16, 32], [8, 16, 32], [1, 4]))
    config = points[-1].config()
    assert (config.array.rows, config.array.lanes, config.clock_mhz) == (32, 32, 500)
    assert points[-1].workload == {
        "model": "bitnet-b1.58-3b",
        "phase": "decode",
        "batch": 4,
        "context": 512,
    }


@pytest.mark.parametrize(
    ("encoding", "rows", "lanes", "bits"),
    [("trit5", 64, 64, 6560), ("trit5", 16, 20, 512), ("trit2", 5, 5, 56), ("trit2", 8, 8, 128)],
)
def test_auto_weight_bus_carries_one_tile_in_one_word(sweep, encoding, rows, lanes, bits):
    found = sweep(
        HEAD + f"sweep: {{array.rows: {rows}, array.lanes: {lanes}, array.weight_bus_bits: auto,"
        f" array.weight_encoding: {encoding}, array.output_bus_words: 1}}"
    )
    geometry = found.point(0).config().array
    assert geometry.weight_bus_bits == bits
    assert geometry.words_per_tile == 1
    # One byte less would not hold the tile.
    assert (bits - 8) // 8 * (5 if encoding == "trit5" else 4) < rows * lanes


@pytest.mark.parametrize(("rows", "lanes", "bits"), [(64, 64, 6576), (16, 20, 528), (1, 5, 16)])
def test_auto_weight_bus_has_room_for_check_bits(sweep, rows, lanes, bits):
    found = sweep(
        HEAD + f"sweep: {{array.rows: {rows}, array.lanes: {lanes}, array.weight_bus_bits: auto,"
        " array.weight_check: hamming, array.output_bus_words: 1}"
    )
    geometry = found.point(0).config().array
    assert (geometry.weight_bus_bits, geometry.words_per_tile) == (bits, 1)


def test_base_in_the_sweep_file(sweep):
    found = sweep(
        "base:\n  array: {rows: 4, lanes: 8, weight_bus_bits: 56, max_k: 64, output_bus_words: 2}\n"
        "  memory: ddr4-64\nmodel: bitnet-b1.58-3b\nsweep: {array.max_k: [64, 128]}"
    )
    config = found.point(1).config()
    assert (config.array.max_k, config.memory.name) == (128, "ddr4-64")


def test_paths_are_relative_to_the_sweep_file(sweep, tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    (tmp_path / "own.yaml").write_text("base: edge\nmemory: own-memory.yaml\n")
    (tmp_path / "own-memory.yaml").write_text("peak_gb_per_s: 10\nenergy_pj_per_bit: 3\n")
    found = sweep(
        "base: own.yaml\nmodel: bitnet-b1.58-3b\n"
        "sweep: {memory: [./own-memory.yaml, {base: own-memory.yaml, efficiency: 0.5}]}"
    )
    configs = [found.point(index).config() for index in range(2)]
    assert [config.memory.bytes_per_second for config in configs] == [10e9, 5e9]


def test_objectives(sweep):
    assert sweep(HEAD + "sweep: {batch: [1, 2]}").objectives == {
        "tokens_per_second": "max",
        "energy_per_token_j": "min",
        "macs_per_cycle": "min",
    }
    text = "sweep: {batch: [1, 2]}\nobjectives: {cycles: min}"
    assert sweep(HEAD + text).objectives == {"cycles": "min"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sweep: {}", "/s.yaml:3: sweep must have at least one field, not none"),
        (
            "sweep: {batch: [1, 2]}\nobjectives: {}",
            "/s.yaml:4: objectives must have at least one field, not none",
        ),
        (
            "sweep: {batch: [1, 2]}\nobjectives: {cycles: least}",
            "/s.yaml:4: objectives.cycles must be one of min or max, not 'least'",
        ),
        ("sweep: {batch: []}", "/s.yaml:3: sweep.batch must have at least one value, not none"),
        (
            "sweep:\n  array.lanes:\n  - 8\n  - 16\n  - 8",
            "/s.yaml:7: sweep.array.lanes[2] must differ from the values before it, not be 8 again",
        ),
        (
            "sweep:\n  array.rwos: [1]",
            "/s.yaml:4: sweep.array.rwos must be a known key of sweep; did you mean 'array.rows'?",
        ),
        (
            "sweep:\n  memory.eficiency: [1]",
            (
                "/s.yaml:4: sweep.memory.eficiency must be a known key of sweep; "
                "did you mean 'memory.efficiency'?"
            ),
        ),
        (
            "sweep: {mode: [a, b]}",
            "/s.yaml:3: sweep.mode must be a known key of sweep; did you mean 'model'?",
        ),
        (
            (
                "sweep:\n  array.rows: {from: 1, to: 1000, step: 1}\n"
                "  array.lanes: {from: 1, to: 2000, step: 1}\n"
                "  clock_mhz: {from: 1, to: 100, step: 1}"
            ),
            (
                "/s.yaml:3: sweep must have at most 100000000 points, "
                "not 200000000 (1000 x 2000 x 100)"
            ),
        ),
        (
            # Found before the values of the last field are made.
            (
                "sweep:\n  array.rows: {from: 1, to: 10000, step: 1}\n"
                "  array.lanes: {from: 1, to: 10000, step: 1}\n"
                "  clock_mhz: {from: 1, to: 2, step: 1}\n"
                "  array.max_k: {from: 2, to: 1, step: 1}"
            ),
            (
                "/s.yaml:3: sweep must have at most 100000000 points, "
                "not 200000000 (10000 x 10000 x 2)"
            ),
        ),
        (
            "sweep:\n  array.rows: {from: 8, to: 4, step: 1}",
            "/s.yaml:4: sweep.array.rows.to must be at least from (8), not 4",
        ),
        (
            "sweep:\n  memory: [lpddr5x-64, lpddr5-64]",
            (
                "/s.yaml:4: memory must be the name of a preset or the path of a .yaml file, "
                "not 'lpddr5-64'; did you mean 'lpddr5x-64'?"
            ),
        ),
        (
            "contxt: 8\nsweep: {batch: [1]}",
            "/s.yaml:3: contxt must be a known key of the file; did you mean 'context'?",
        ),
        (
            "phase: prefil\nsweep: {batch: [1]}",
            "/s.yaml:3: phase must be one of decode or prefill, not 'prefil'",
        ),
        ("batch: 0\nsweep: {clock_mhz: [1]}", "/s.yaml:3: batch must be at least 1, not 0"),
    ],
)
def test_wrong_files(fails, text, message):
    fails(HEAD + text, message)


def test_wrong_base_and_model(fails):
    fails(
        "base: edge\nmodel: bitnet-b1.58-3bb\nsweep: {batch: [1]}",
        "/s.yaml:2: model must be the name of a preset or the path of a .yaml file, "
        "not 'bitnet-b1.58-3bb'; did you mean 'bitnet-b1.58-3b'?",
    )
    fails(
        "base: {base: edge, clock_mhz: 5}\nmodel: bitnet-b1.58-3b\nsweep: {batch: [1]}",
        "/s.yaml:1: base.base must not be given: a block is complete",
    )
    fails(
        "base: edgy\nmodel: bitnet-b1.58-3b\nsweep: {batch: [1]}",
        "array must be the name of a preset or the path of a .yaml file, not 'edgy'; "
        "did you mean 'edge'?",
    )
    fails("model: bitnet-b1.58-3b\nsweep: {batch: [1]}", "/s.yaml: base must be given")


def test_no_such_sweep(tmp_path):
    message = (
        "sweep must be the path of a .yaml file or the name of a preset, not 'array-sizes'; "
        "did you mean 'array-size'?"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        load_sweep("array-sizes")
    with pytest.raises(ConfigError, match=r"none\.yaml must exist"):
        load_sweep(tmp_path / "none.yaml")
