import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from sim.build import build
from sim.errors import (
    BenchFailed,
    SimulationTimedOut,
    SimulatorBuildFailed,
    SimulatorMissing,
)
from sim.runner import run
from sim.scratch import SCRATCH_PREFIX

BENCHES = Path(__file__).parent
SIMULATORS = ["verilator", pytest.param("icarus", marks=pytest.mark.icarus)]

COUNTER = """\
module counter(clk, rst, count);
  input clk;
  input rst;
  output [7:0] count;
  reg [7:0] count = 8'h00;
  always @(posedge clk)
    if (rst) count <= 8'h00; else count <= count + 8'h01;
endmodule
"""


@pytest.fixture(params=SIMULATORS)
def design(request, build_root):
    return build(COUNTER, top="counter", simulator=request.param, root=build_root)


def run_counter(design, directory, test, **options):
    options = {"parameters": {"cycles": 5}, "python_path": [BENCHES], **options}
    return run(design, bench="tb_counter", tests=[test], directory=directory, **options)


def test_parameters_in_and_report_out(design, tmp_path):
    result = run_counter(design, tmp_path, "counts", seed=77)
    assert result.tests == 1
    assert result.data == {"count": 5, "seed": 77}
    assert result.waveform is None
    assert "counts passed" in result.log.read_text(encoding="utf-8")


def test_an_environment_made_for_other_work_does_no_harm(design, tmp_path, monkeypatch):
    for name in ("COCOTB_TEST_FILTER", "COCOTB_TEST_MODULES", "MAKEFLAGS", "WAVES", "GUI"):
        monkeypatch.setenv(name, "1")
    assert run_counter(design, tmp_path, "counts").data["count"] == 5


def test_a_failed_test_is_an_error(design, tmp_path):
    with pytest.raises(BenchFailed) as caught:
        run_counter(design, tmp_path, "fails", seed=3)
    first, second, *_ = str(caught.value).splitlines()
    simulator = design.toolchain.simulator
    assert first == f"tb_counter on {simulator} with seed 3 failed; log: {tmp_path}/run.log"
    assert second == "fails: arithmetic is broken"


def test_a_crash_is_an_error(design, tmp_path):
    with pytest.raises(BenchFailed, match=r"^tb_counter on .* failed; log: .*/run\.log\n"):
        run_counter(design, tmp_path, "crashes")


def test_a_test_that_does_not_exist_is_an_error(design, tmp_path):
    with pytest.raises(BenchFailed, match=r"^tb_counter on .* failed; log: .*/run\.log\n"):
        run_counter(design, tmp_path, "nothing")


def test_a_stale_report_is_not_taken_for_a_new_one(design, tmp_path):
    run_counter(design, tmp_path, "counts")
    with pytest.raises(BenchFailed):
        run_counter(design, tmp_path, "crashes")
    assert not (tmp_path / "report.json").exists()


def test_a_run_that_hangs_is_ended(design, tmp_path):
    message = rf"^Running tb_counter on {design.toolchain.simulator} took longer than 2 s; log: "
    with pytest.raises(SimulationTimedOut, match=message):
        run_counter(design, tmp_path, "hangs", timeout_s=2)
    # Killed processes need a moment to go.
    for _ in range(100):
        if not any(str(tmp_path).encode() in environment for environment in environments()):
            return
        time.sleep(0.05)
    pytest.fail("A process of the run is still there")


def environments():
    """Yield the environments of all processes that can be looked at."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        # Processes end, and some belong to others.
        with suppress(OSError):
            yield path.read_bytes()


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_waves(simulator, build_root, tmp_path):
    design = build(COUNTER, top="counter", simulator=simulator, root=build_root, waves=True)
    result = run_counter(design, tmp_path, "counts")
    assert result.waveform == tmp_path / {"verilator": "dump.vcd", "icarus": "dump.fst"}[simulator]
    assert result.waveform.stat().st_size > 100


def test_a_build_is_found_again(design, build_root):
    made = (design.directory / "build.log").stat().st_mtime_ns
    simulator = design.toolchain.simulator
    again = build(COUNTER, top="counter", simulator=simulator, root=build_root)
    assert again.directory == design.directory
    assert (again.directory / "build.log").stat().st_mtime_ns == made
    other = COUNTER.replace("8'h01", "8'h02")
    assert (
        build(other, top="counter", simulator=simulator, root=build_root).directory
        != design.directory
    )


def test_two_builds_at_once(tmp_path):
    verilog = COUNTER.replace("8'h01", "8'h03")
    found = []

    def make():
        found.append(build(verilog, top="counter", simulator="verilator", root=tmp_path))

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert found[0].directory == found[1].directory
    # Other test processes build in the shared folder.
    assert not list(tmp_path.glob(f"{SCRATCH_PREFIX}*"))


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_wrong_verilog(simulator, tmp_path):
    verilog = COUNTER.replace("posedge", "posegde")
    message = rf"^Building counter for {simulator} failed:\n(.*\n)*.*design\.v:6"
    with pytest.raises(SimulatorBuildFailed, match=message):
        build(verilog, top="counter", simulator=simulator, root=tmp_path)
    assert not list(tmp_path.glob(f"{SCRATCH_PREFIX}*"))


def test_missing_top(build_root):
    with pytest.raises(SimulatorBuildFailed, match=r"^The Verilog has no module count$"):
        build(COUNTER, top="count", simulator="verilator", root=build_root)


def test_unknown_simulator(build_root):
    message = r"^simulator must be one of verilator, icarus, not 'verilog'$"
    with pytest.raises(ValueError, match=message):
        build(COUNTER, top="counter", simulator="verilog", root=build_root)


@pytest.mark.parametrize(
    ("simulator", "program"), [("verilator", r"g\+\+"), ("icarus", "iverilog")]
)
def test_a_missing_program_is_named_with_its_cure(simulator, program, build_root, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    message = (
        rf"^Simulating with {simulator} needs the program {program}; "
        rf"install it with: apt-get install {program}$"
    )
    with pytest.raises(SimulatorMissing, match=message):
        build(COUNTER, top="counter", simulator=simulator, root=build_root)


def test_a_missing_package_is_named_with_its_cure(build_root, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    message = (
        r"^Simulating with icarus needs the Python package cocotb; "
        r"install it with: .* -m pip install 'bitnet-hw\[sim\]'$"
    )
    with pytest.raises(SimulatorMissing, match=message):
        build(COUNTER, top="counter", simulator="icarus", root=build_root)
