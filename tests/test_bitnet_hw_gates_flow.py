import dataclasses
import json
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from bitnet_hw.cli import main
from bitnet_hw.config import load_config
from bitnet_hw.errors import BuildFailed, SimulationFailed
from bitnet_hw.gates.activity import build_simulator, measure_activity
from bitnet_hw.gates.flow import characterize_array
from bitnet_hw.gates.library import find_library
from bitnet_hw.gates.operands import draw_operands
from bitnet_hw.gates.parts import Part, array_parts
from bitnet_hw.gates.stimulus import part_stimulus
from bitnet_hw.gates.synthesis import synthesize
from bitnet_hw.gates.tools import opensta_version

# The first run of Yosys on a machine compiles it for a minute.
pytestmark = pytest.mark.long

_LIBERTY = run_path(str(Path(__file__).with_name("tiny_liberty.py")))
SMALL = {
    "array.rows": 4,
    "array.lanes": 4,
    "array.weight_bus_bits": 32,
    "array.max_k": 16,
    "clock_mhz": 100,
}


@pytest.fixture
def tiny(tmp_path):
    return find_library(str(_LIBERTY["write_tiny"](tmp_path / "tiny")))


@pytest.fixture
def small():
    return load_config("tiny", SMALL)


def test_area_is_the_sum_of_the_cells(tiny, small, tmp_path):
    part = next(part for part in array_parts(small.array) if part.name == "operands")
    netlist = synthesize(part, tiny, clock_mhz=100, root=tmp_path).netlist

    # In the style "select" a register of 32 bits that keeps its value: 32 flip-flops, each behind a
    # multiplexer of three NAND gates, and one inverter for all.
    kinds = [instance.cell for instance in netlist.instances if instance.group]
    assert {kind: kinds.count(kind) for kind in kinds} == {"DFF": 32, "NAND2": 96, "INV": 1}


def test_every_part_computes_what_the_golden_model_says(tiny, small, tmp_path):
    operands = draw_operands("uniform")
    result = characterize_array(small, tiny, [operands], root=tmp_path)

    areas = {"INV": 1, "NAND2": 2, "NOR2": 2, "AND2": 2, "BUF": 2, "DFF": 5}
    by_hand = sum(
        item.part.instances * areas[instance.cell]
        for item in result.syntheses
        for instance in item.netlist.instances
        if instance.group is not None
    )
    assert result.area_um2 == by_hand
    assert result.area_um2_per_mac == by_hand / 16
    names = {group.group: group for group in result.groups}
    assert names["tile registers"].registers == 2 * 16
    assert names["activation register"].registers == 8 * 4
    # One partial sum for each of two tokens in each of four rows.
    assert names["accumulator"].registers == 4 * 2 * small.array.accumulator_bits
    assert [(stream.operands, stream.tokens) for stream in result.streams] == [
        ("uniform", 1),
        ("uniform", 2),
    ]
    assert all(stream.fj_per_mac > 0 for stream in result.streams)
    # The second time everything is found in the cache and comes out the same.
    again = characterize_array(small, tiny, [operands], root=tmp_path)
    assert again.streams == result.streams


def test_flattening_makes_one_group_of_a_part(tiny, small, tmp_path):
    whole = characterize_array(small, tiny, [], flatten=True, root=tmp_path)

    assert [group.group for group in whole.groups] == ["row", "loader", "operands"]
    assert whole.streams == ()


def test_a_netlist_that_computes_nonsense_is_refused(tiny, small, tmp_path):
    part = array_parts(small.array)[0]
    netlist = synthesize(part, tiny, clock_mhz=100, root=tmp_path).netlist
    simulator = build_simulator(netlist, tiny, tmp_path)
    stimulus = part_stimulus("row", small.array, draw_operands("uniform"), tokens=1, steps=64)
    activity = measure_activity(netlist, stimulus, simulator)
    assert activity.cycles == 4 * (64 - stimulus.skipped)
    assert activity.toggles.shape == (len(netlist.nets),)
    assert np.all(activity.toggles <= 1)
    wrong = dataclasses.replace(stimulus, expected={"total": ~stimulus.expected["total"]})

    with pytest.raises(SimulationFailed, match="Output total of the netlist must be what"):
        measure_activity(netlist, wrong, simulator)


def test_yosys_refuses_broken_verilog(tiny, tmp_path):
    part = Part("row", 1, "module top(", "top", {"": "row"})

    with pytest.raises(BuildFailed, match="Synthesis of the row with Yosys failed"):
        synthesize(part, tiny, clock_mhz=100, root=tmp_path)


def test_osu018_through_the_command(tmp_path, capsys):
    # Debian's package qflow-tech-osu018; CI installs it, and OpenSTA beside it.
    report = tmp_path / "tiny.json"
    arguments = ["characterize", "tiny", "--library", "osu018", "--operands", "uniform"]
    assert main([*arguments, "-o", str(report)]) == 0
    table = capsys.readouterr().out
    result = json.loads(report.read_text())

    assert "adder tree" in table
    assert result["library"]["voltage_v"] == 1.8
    assert result["area_um2_per_mac"] == pytest.approx(result["area_um2"] / 32)
    assert sum(group["area_um2"] for group in result["groups"]) == pytest.approx(result["area_um2"])
    for stream in result["energy"]:
        assert sum(stream["by_kind_fj_per_mac"].values()) == pytest.approx(stream["fj_per_mac"])
    assert opensta_version()
    assert 50 < result["fmax_mhz"] < 1000
    for row in result["cross_check"]:
        if row["kind"] != "internal":
            assert row["own_mw"] == pytest.approx(row["opensta_mw"], rel=0.01), row
