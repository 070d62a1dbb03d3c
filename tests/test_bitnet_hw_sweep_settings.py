"""What a sweep file says to its evaluator."""

from pathlib import Path
from runpy import run_path

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.gates.library import find_library
from bitnet_hw.gates.tools import yosys_version
from bitnet_hw.sweep import load_sweep
from bitnet_hw.sweep_point import point_key

HEAD = "base: tiny\nmodel: bitnet-b1.58-3b\nsweep: {batch: [1, 2]}\n"


@pytest.fixture
def sweep(tmp_path):
    def load(text):
        path = tmp_path / "s.yaml"
        path.write_text(HEAD + text)
        return load_sweep(path)

    return load


def test_estimates_are_the_default(sweep):
    found = sweep("")
    assert (found.evaluate, found.settings) == ("estimate", {})
    assert sweep("evaluate: estimate").objectives == found.objectives


def test_simulation(sweep):
    found = sweep("evaluate: simulate")
    assert found.evaluate == found.point(0).evaluate == "simulate"
    assert found.settings == {"shapes": (), "seed": 1, "timeout_s": 3600}
    assert found.objectives == {"cycles_measured": "min", "macs_per_cycle": "min"}
    found = sweep("evaluate: simulate\nshapes: [1x20x30, 4x5x6]\nseed: 7\ntimeout_s: 0.5")
    assert found.point(1).settings == {
        "shapes": ((1, 20, 30), (4, 5, 6)),
        "seed": 7,
        "timeout_s": 0.5,
    }


@pytest.fixture
def cells(tmp_path):
    return run_path(str(Path(__file__).with_name("tiny_liberty.py")))["write_tiny"](
        tmp_path / "tiny"
    )


def test_characterization(sweep, cells):
    found = sweep(f"evaluate: characterize\nlibrary: {cells}")
    assert found.settings == {
        "library": str(cells),
        "operands": "digits",
        "measured_with": f"library {find_library(str(cells)).digest}, {yosys_version()}",
    }
    assert found.objectives == {"area_um2_per_mac": "min", "fj_per_mac.new": "min"}
    found = sweep(f"evaluate: characterize\nlibrary: {cells}\noperands: relu2")
    assert found.point(1).settings["operands"] == "relu2"


def test_the_key_depends_on_what_is_in_the_library(sweep, cells):
    text = f"evaluate: characterize\nlibrary: {cells}"
    key = point_key(sweep(text).point(0))
    assert point_key(sweep(text).point(0)) == key
    [file] = cells.glob("*.lib")
    file.write_text(file.read_text() + "\n/* another version */\n")
    assert point_key(sweep(text).point(0)) != key


def test_a_missing_library(sweep, tmp_path):
    with pytest.raises(ConfigError) as error:
        sweep("evaluate: characterize\nlibrary: nowhere")
    assert str(error.value).startswith(
        f"{tmp_path}/s.yaml:5: library must be a folder with Liberty files or one of asap7"
    )


def test_the_key_depends_on_what_is_asked(sweep):
    texts = [
        "",
        "evaluate: simulate",
        "evaluate: simulate\nseed: 2",
        "evaluate: simulate\nshapes: [1x2x3]",
    ]
    keys = {point_key(sweep(text).point(0)) for text in texts}
    assert len(keys) == len(texts)
    # More time changes no result.
    assert point_key(sweep("evaluate: simulate\ntimeout_s: 5").point(0)) in keys


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "evaluate: simulat",
            (
                ":4: evaluate must be one of estimate, simulate, characterize, not 'simulat'; "
                "did you mean 'simulate'?"
            ),
        ),
        (
            "shapes: [1x2x3]",
            ":4: shapes must be given only where evaluate is simulate, not estimate",
        ),
        (
            "evaluate: estimate\nseed: 3",
            ":5: seed must be given only where evaluate is simulate, not estimate",
        ),
        (
            "evaluate: characterize",
            ": library must be given where evaluate is characterize",
        ),
        (
            "evaluate: simulate\noperands: digits",
            ":5: operands must be given only where evaluate is characterize, not simulate",
        ),
        (
            "evaluate: simulate\nshapes:\n- 1x2x3\n- 8x8",
            ":7: shapes[1] must be tokens x inputs x outputs, such as 1x3200x8640, not '8x8'",
        ),
        (
            "evaluate: simulate\nshapes: [1x99999999x99999]",
            ":5: shapes[0] must be small enough to hold in memory, not 1x99999999x99999",
        ),
    ],
)
def test_wrong_keys(sweep, tmp_path, text, message):
    with pytest.raises(ConfigError) as error:
        sweep(text)
    assert str(error.value) == f"{tmp_path}/s.yaml{message}"


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("evaluate: simulate\nshapes: []", ":5: shapes must be "),
        ("evaluate: simulate\nseed: -1", ":5: seed must be at least 0, not -1"),
        ("evaluate: simulate\ntimeout_s: 0", ":5: timeout_s must be "),
        ("evaluate: simulate\ntimeout_s: soon", ":5: timeout_s must be "),
        ("evaluate: characterize\nlibrary: x\noperands: y", ":6: operands must be "),
    ],
)
def test_wrong_values(sweep, tmp_path, text, start):
    with pytest.raises(ConfigError) as error:
        sweep(text)
    assert str(error.value).startswith(f"{tmp_path}/s.yaml{start}")


def test_a_model_or_shapes(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("base: tiny\nevaluate: simulate\nsweep: {batch: [1, 2]}\n")
    with pytest.raises(ConfigError) as error:
        load_sweep(path)
    assert str(error.value) == f"{path}: model must be given"


def test_gates_need_no_model(tmp_path, cells):
    path = tmp_path / "s.yaml"
    path.write_text(
        f"base: tiny\nevaluate: characterize\nlibrary: {cells}\nsweep: {{array.rows: [4, 8]}}\n"
    )
    assert load_sweep(path).points == 2
