"""Counts of a Verilator build: what is counted, and what is not."""

import dataclasses

import pytest

from benchmarks.coverage_build import COUNTS, build_counting
from benchmarks.coverage_counts import Toggle, read_counts
from rtl.geometry import Geometry
from rtl.verilog import emit
from sim.build import build
from sim.cover_plan import cover_points
from sim.cover_points import Coverage
from sim.coverage_replay import events
from sim.coverage_state import WrongTrace
from sim.coverage_trace import Trace
from sim.runner import run

WIDE = """\
module wide(clk, set, value);
  input clk, set;
  output [99:0] value;
  reg [99:0] value = 0;
  always @(posedge clk)
    if (set) value <= 100'h8;
    else value <= 100'h0;
endmodule
"""
BENCH = """\
import cocotb
from cocotb.triggers import Timer

@cocotb.test()
async def count(dut):
    for level in (0, 1, 0, 1):
        dut.set.value = level
        for clock in (0, 1):
            dut.clk.value = clock
            await Timer(5, unit="ns")
"""


@pytest.mark.long
def test_bits_of_a_wide_signal_are_counted_one_by_one(tmp_path):
    design = build_counting(WIDE, top="wide", directory=tmp_path / "build", timeout_s=300)
    (tmp_path / "tb_wide.py").write_text(BENCH, encoding="utf-8")
    folder = tmp_path / "run"
    run(design, bench="tb_wide", directory=folder, parameters={}, python_path=[tmp_path])
    found = read_counts(folder / COUNTS, WIDE)["wide"]
    changed = {toggle: hits for toggle, hits in found.toggles.items() if hits}
    value = {toggle: hits for toggle, hits in changed.items() if toggle.signal == "value"}
    assert value == {Toggle("value", (3,), "0->1"): 2, Toggle("value", (3,), "1->0"): 1}
    assert sum(toggle.signal == "value" for toggle in found.toggles) == 200
    assert all(found.lines.values())


GEOMETRY = Geometry(
    rows=2,
    lanes=3,
    weight_encoding="trit2",
    weight_bus_bits=8,
    max_tokens=2,
    max_k=9,
    output_bus_words=2,
)


@pytest.mark.long
def test_a_watched_run_agrees_with_the_architecture(build_root, tmp_path):
    verilog, _ = emit(GEOMETRY)
    file = tmp_path / "trace.npz"
    run(
        build(verilog, top="bitnet_accelerator", simulator="verilator", root=build_root),
        bench="sim.tb_coverage_known",
        tests=["random_jobs", "reset_mid_job", "recorded"],
        directory=tmp_path,
        parameters={
            "geometry": dataclasses.asdict(GEOMETRY),
            "scenarios": 10,
            "jobs": 5,
            "resets": 10,
            "outputs_bits": 24,
            "trace": str(file),
        },
    )
    trace = Trace.load(file)
    coverage = Coverage(cover_points([GEOMETRY]))
    coverage.sample(events(trace))
    points = {point.name: point for point in coverage.points}
    assert coverage.missing(points["K tiles x N tiles"]) == []
    # No command of random jobs is bad, and no word holds an illegal code.
    assert len(coverage.missing(points["bad commands"])) == 21
    assert "illegal in a weight, trit2" in coverage.missing(points["places x encoding"])
    # A cycle that was not seen is noticed.
    segment = trace.segments[0]
    busy = next(i for i, row in enumerate(segment.cycles) if i > 50 and row[3])
    del segment.cycles[busy]
    with pytest.raises(WrongTrace, match=r"^Segment 0, cycle \d+: the ports show "):
        list(events(trace))
