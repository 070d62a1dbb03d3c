import json

import pytest

from bitnet_hw.errors import BuildFailed
from bitnet_hw.fpga import synthesis
from bitnet_hw.fpga.synthesis import cell_counts, synthesize
from bitnet_hw.fpga.target import find_target
from rtl.geometry import Geometry

GEOMETRY = Geometry(rows=2, lanes=3, weight_bus_bits=16, max_tokens=2, max_k=8, output_bus_words=1)
VERILOG = """\
module bitnet_accelerator(clk);
  wire \\x[0] ;
endmodule
"""


def statistics(**design):
    return {
        "modules": {
            "\\bitnet_fpga": {
                "num_cells_by_type": {"LUT4": 7, "TRELLIS_FF": 30, "bitnet_accelerator": 1}
            },
            "\\bitnet_accelerator": {"num_cells_by_type": {"$scopeinfo": 5, "LUT4": 90} | design},
        }
    }


@pytest.fixture
def yosys(monkeypatch):
    """Answer in place of Yosys; return the folders' Verilog and scripts."""
    asked = []

    def answer(script, directory, **_):
        asked.append((directory / "design.v").read_text())
        cells = {
            "design.store.0.0": {"type": "DP16KD"},
            "design.store.0.1": {"type": "DP16KD"},
            "design.row0.partials.0.0": {"type": "TRELLIS_DPR16X4"},
        }
        netlist = {"modules": {"bitnet_fpga": {"cells": cells}}}
        (directory / "netlist.json").write_text(json.dumps(netlist))
        (directory / "cells.json").write_text(json.dumps(answer.statistics))

    answer.statistics = statistics(DP16KD=2)
    monkeypatch.setattr(synthesis, "run_yosys", answer)
    monkeypatch.setattr(synthesis, "tool_versions", lambda family: {"yosys": answer.version})
    answer.version = "1"
    answer.asked = asked
    return answer


def run(root, verilog=VERILOG):
    return synthesize(
        GEOMETRY, find_target("ecp5-25k"), root=root, verilog=lambda geometry: (verilog, "frame")
    )


def test_cells_of_accelerator_and_wrapper_are_counted_apart():
    assert cell_counts(statistics(CCU2C=4)) == {
        "accelerator": {"CCU2C": 4, "LUT4": 90},
        "wrapper": {"LUT4": 7, "TRELLIS_FF": 30},
    }


def test_a_netlist_is_made_once(yosys, tmp_path):
    first = run(tmp_path)
    second = run(tmp_path)

    assert len(yosys.asked) == 1
    assert first == second
    assert first.activations == {"DP16KD": 2}
    assert yosys.asked[0] == VERILOG.replace("[0]", "<0>") + "frame"
    # Another version of Yosys, or another design, is another netlist.
    yosys.version = "2"
    run(tmp_path)
    run(tmp_path, VERILOG + "//\n")
    assert len(yosys.asked) == 3
    assert len(list(tmp_path.iterdir())) == 6


def test_multipliers_are_an_error(yosys, tmp_path):
    yosys.statistics = statistics(MULT18X18D=3)

    with pytest.raises(
        BuildFailed, match=r"^A ternary array must need no multipliers, not \{'MULT18X18D': 3\}$"
    ):
        run(tmp_path)
