"""The flow with stand-ins for the tools, its options and errors; and, marked long, the tools."""

import json
import threading
import time
from pathlib import Path

import pytest

from bitnet_hw.cli import main
from bitnet_hw.config import load_config
from bitnet_hw.errors import BuildFailed, ConfigError, ToolMissing
from bitnet_hw.fpga import command, flow
from bitnet_hw.fpga.flow import implement
from bitnet_hw.fpga.synthesis import Synthesis
from bitnet_hw.fpga.target import find_target

SMALL = ["--set", "array.rows=2", "--set", "array.lanes=4", "--set", "array.weight_bus_bits=16"]


@pytest.fixture
def stand_ins(monkeypatch):
    """Synthesis and placement that take no time."""
    seeds = []

    def place(array, synthesis, target, seed, *, root, poll):
        if seed == 3:
            raise BuildFailed("seed 3 failed")
        if seed == 4:
            while True:
                poll()
                time.sleep(0.01)
        seeds.append((array, target.name, seed))
        return seed

    place.cells = {"LUT4": 100}
    monkeypatch.setattr(flow, "require_tools", lambda family: None)
    monkeypatch.setattr(
        flow,
        "synthesize",
        lambda geometry, target, *, root: Synthesis(Path("n"), "0", place.cells, {}, {}, 1.0),
    )
    monkeypatch.setattr(flow, "place_and_route", place)
    place.seeds = seeds
    return place


def test_one_placement_for_each_seed(stand_ins):
    steps = []
    result = implement(load_config("tiny"), find_target("ecp5-25k"), (1, 2), progress=steps.append)

    assert result.placements == (1, 2)
    assert sorted(stand_ins.seeds) == [("tiny", "ecp5-25k", 1), ("tiny", "ecp5-25k", 2)]
    assert steps == [0, 1, 2, 3]


def test_a_failed_seed_ends_the_others(stand_ins):
    with pytest.raises(BuildFailed, match=r"^seed 3 failed$"):
        implement(load_config("tiny"), find_target("ecp5-25k"), (4, 3), jobs=2)
    assert threading.active_count() < 10


def test_what_cannot_fit_is_not_placed(stand_ins):
    stand_ins.cells = {"LUT4": 99999}

    with pytest.raises(ConfigError, match=r"^Array tiny must fit into ecp5-25k: it needs 99,999 "):
        implement(load_config("tiny"), find_target("ecp5-25k"))
    assert stand_ins.seeds == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "One of --library and --target must be given"),
        (["--library", "osu018", "--target", "ecp5-25k"], 2, "--library and --target must not"),
        (["--target", "ecp5-25k", "--flatten"], 2, "--flatten and --target must not be given"),
        (["--library", "osu018", "--seeds", "2"], 2, "--seeds and --library must not be given"),
        (["--target", "ecp5-25k", "--seeds", "0"], 2, "greater than or equal to 1"),
        (["--target", "virtex"], 1, "error: Target must be one of ecp5-85k, "),
    ],
)
def test_wrong_options_are_one_line(arguments, code, message, capsys):
    assert main(["characterize", "tiny", *arguments]) == code
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""


def test_a_missing_tool_is_exit_code_4(monkeypatch, capsys):
    def missing(family):
        raise ToolMissing("install it with: pip install 'bitnet-hw[fpga]'")

    monkeypatch.setattr(command, "require_tools", missing)

    assert main(["characterize", "tiny", "--target", "ice40-up5k"]) == 4
    assert capsys.readouterr().err == "error: install it with: pip install 'bitnet-hw[fpga]'\n"


@pytest.mark.long
@pytest.mark.parametrize(("device", "size"), [("ecp5-25k", 582_369), ("ice40-hx8k", 135_100)])
def test_a_small_array_becomes_a_bitstream(device, size, tmp_path, capsys):
    arguments = ["characterize", "tiny", *SMALL, "--target", device, "--seeds", "2"]
    files = ["-o", str(tmp_path / "a.json"), "--bitstream", str(tmp_path / "a.bin")]
    assert main([*arguments, *files]) == 0
    assert "Critical path: design." in capsys.readouterr().out
    report = json.loads((tmp_path / "a.json").read_text())

    assert report["accelerator"]["dsp"] == 0
    # A register of the wrapper for each bit of each port, and another for each output.
    assert report["wrapper"]["register"] > 400
    assert report["wrapper"]["carry"] == 0
    assert 20 < report["fmax_mhz"]["worst"] <= report["fmax_mhz"]["best"] < 250
    target = find_target(device)
    for kind, item in report["utilization"].items():
        assert item["available"] == target.available[kind]
        assert item["used"] <= item["available"]
    # As long as the device is large, and a little more for each block RAM with something in it.
    written = len((tmp_path / "a.bin").read_bytes())
    assert size <= written == report["bitstream"]["bytes"] <= 1.02 * size


@pytest.mark.long
def test_a_large_array_does_not_fit(capsys):
    assert main(["characterize", "edge", "--target", "ice40-up5k"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: Array edge must fit into ice40-up5k: it needs ")
    assert error.count("\n") == 1
