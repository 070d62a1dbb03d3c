"""The arrays that technologies are fitted to, and how they are measured."""

import json
from pathlib import Path
from runpy import run_path

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.gates import training
from bitnet_hw.gates.library import find_library
from bitnet_hw.gates.operands import draw_operands
from bitnet_hw.gates.parts import Part
from bitnet_hw.gates.training import (
    measure_arrays,
    sized_config,
    training_configs,
    training_operands,
)
from bitnet_hw.technology import Technology

_HERE = Path(__file__)
_LIBERTY = run_path(str(_HERE.with_name("tiny_liberty.py")))
_HELD_OUT = run_path(str(_HERE.parents[1] / "benchmarks" / "held_out.py"))


@pytest.fixture
def library(tmp_path):
    return find_library(str(_LIBERTY["write_tiny"](tmp_path / "tiny")))


def test_arrays_keep_clock_and_style():
    config = load_config("edge", {"clock_mhz": 321})
    configs = training_configs(config)
    assert {(c.clock_mhz, c.array.lane_style) for c in configs} == {(321, "select")}
    assert configs[0].name == "4x8-trit2"
    assert {c.array.weight_encoding for c in configs} == {"trit2", "trit5"}
    assert {c.array.words_per_tile for c in configs} == {1, 2}
    assert {c.array.max_tokens for c in configs} == {1, 2, 4, 8, 16}


def test_a_word_holds_its_share_of_a_tile():
    sizes = {"rows": 8, "lanes": 24, "weight_encoding": "trit2", "words": 2}
    array = sized_config(load_config("edge"), sizes).array
    assert (array.weight_bus_bits, array.words_per_tile) == (192, 2)


# It trains the digits classifier.
@pytest.mark.long
def test_operands_differ_in_zeros():
    shares = {stream.name: (stream.weights == 0).mean() for stream in training_operands()}
    assert list(shares) == [
        "digits",
        "uniform",
        "relu2",
        "uniform, 20% zeros",
        "uniform, 50% zeros",
    ]
    assert shares["uniform, 20% zeros"] == pytest.approx(0.2, abs=0.01)
    assert shares["uniform, 50% zeros"] == pytest.approx(0.5, abs=0.01)


def test_what_is_held_out_has_other_lanes():
    config = load_config("edge")
    fitted = {c.array.lanes for c in (config, *training_configs(config))}
    held_out = {sized_config(config, sizes).array.lanes for sizes in _HELD_OUT["HELD_OUT"]}
    assert fitted & held_out == set()
    with pytest.raises(Exception, match=r"^Array 16x20 must be held out"):
        _HELD_OUT["check_held_out"](fitted_to(config), [config.array])


def fitted_to(config):
    by_hand = run_path(str(_HERE.with_name("gate_technology.py")))
    gates = by_hand["technology"]()["gates"]
    gates["arrays"] = [{**gates["arrays"][0], "lanes": config.array.lanes}]
    return Technology.model_validate({
        **load_config("edge").technology.model_dump(exclude_none=True),
        "gates": gates,
    })


def test_what_was_measured_is_read_again(library, tmp_path, monkeypatch):
    # Verilog of the real parts takes seconds.
    monkeypatch.setattr(
        training, "array_parts", lambda geometry: [Part("row", 1, str(geometry), "top", {})]
    )
    config, operands = load_config("tiny"), [draw_operands("uniform")]
    name = training._digest(config, library, operands)
    (tmp_path / f"array-{name}.json").write_text(json.dumps({"known": 1}))
    seen = []
    found = measure_arrays([config], library, operands, root=tmp_path, progress=seen.append)
    assert (found, seen) == ([{"known": 1}], [1])
    assert training._kept(tmp_path / f"array-{name}.json") == {"known": 1}
    # Half a file, as a process leaves it that is killed while it writes, is no report.
    for half in ('{"known"', ""):
        (tmp_path / f"array-{name}.json").write_text(half)
        assert training._kept(tmp_path / f"array-{name}.json") is None
    assert training._digest(config, library, [draw_operands("relu2")]) != name
    assert training._digest(load_config("tiny", {"clock_mhz": 5}), library, operands) != name
    assert training._digest(load_config("tiny", {"array.rows": 5}), library, operands) != name
