import re

import numpy as np
import pytest

from rtl.geometry import Geometry
from rtl.job import Job
from rtl.verilog import emit
from sim.operands import JobOperands, draw_job
from sim.pysim import Operands, run_jobs
from sim.simulate import JobList, simulate, simulate_lists

SIMULATORS = ["verilator", pytest.param("icarus", marks=pytest.mark.icarus)]
GEOMETRY = Geometry(rows=4, lanes=5, weight_bus_bits=16, max_k=14, max_tokens=3, output_bus_words=3)


@pytest.fixture(scope="module")
def verilog():
    return emit(GEOMETRY)[0]


def drawn(count, seed=1):
    rng = np.random.default_rng(seed)
    return [JobOperands.random(draw_job(GEOMETRY, rng), rng) for _ in range(count)]


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_by_hand(simulator, verilog, build_root):
    operands = JobOperands(
        np.array([[-128, 127], [3, 4]], np.int8), np.array([[-1, 1], [1, 0], [0, 0]], np.int8)
    )
    result = simulate(GEOMETRY, verilog, [operands], simulator=simulator, build_root=build_root)
    assert result.passed
    assert (result.jobs, result.outputs_checked, result.mismatches) == (1, 6, 0)
    assert [matrix.tolist() for matrix in result.results] == [[[255, -128, 0], [1, 3, 0]]]
    assert result.waveform is None
    assert result.counters["cycles"] == result.cycles_measured
    assert result.counters["busy"] == 2
    # Other test processes simulate in the shared folder: what is left must not be ours.
    assert not list(build_root.glob("failed-run-*"))


def test_cycles_are_those_of_amaranth_s_simulator(verilog, build_root):
    rates = [(1, 1), (2, 3), (1, 9)]
    lists = [drawn(4, seed) for seed in range(len(rates))]
    results = simulate_lists(
        GEOMETRY,
        verilog,
        [JobList(operands=item, rate=rate) for item, rate in zip(lists, rates, strict=True)],
        build_root=build_root,
    )
    for item, rate, result in zip(lists, rates, results, strict=True):
        assert result.passed, result.messages
        operands = [
            Operands(operand.job, operand.weights.tolist(), operand.activations.tolist())
            for operand in item
        ]
        reference = run_jobs(GEOMETRY, operands, words=rate[0], cycles=rate[1])
        assert result.cycles_measured == reference.end
        assert result.counters == {name: reference.status[name] for name in result.counters}


def test_waveform_progress_and_directory(verilog, build_root, tmp_path):
    calls = []
    result = simulate(
        GEOMETRY,
        verilog,
        drawn(3),
        build_root=build_root,
        directory=tmp_path / "run",
        waves=True,
        progress=lambda *call: calls.append(call),
    )
    assert result.waveform == tmp_path / "run" / "dump.vcd"
    assert "results__valid" in result.waveform.read_text(encoding="utf-8")[:20000]
    assert (tmp_path / "run" / "run.log").is_file()
    assert not list((tmp_path / "run").glob("data-*"))
    assert calls[0][:2] == ("build", 0)
    assert calls[-1] == ("run", result.outputs_checked, result.outputs_checked)


def test_a_wrong_design_does_not_pass(verilog, build_root):
    # An adder of the first row's tree, and so of all, subtracts.
    start = verilog.index("module \\bitnet_accelerator_row.dot.tree ")
    faulty = verilog[:start] + re.sub(r" \+ ", " - ", verilog[start:], count=1)
    operands = drawn(3)
    result = simulate(GEOMETRY, faulty, operands, build_root=build_root)
    assert not result.passed
    assert result.mismatches > 0
    assert re.match(
        r"job 0, token m=0, output n=\d+: expected -?\d+, got -?\d+$", result.messages[0]
    )
    expected = operands[0].activations.astype(int) @ operands[0].weights.T
    assert (result.results[0] != expected).any()
    # The sums are wrong, their timing is not.
    assert result.outputs_checked == sum(item.job.m * item.job.n for item in operands)


def test_bad_arguments(verilog, build_root):
    with pytest.raises(ValueError, match=r"^A simulation must have at least one job$"):
        simulate(GEOMETRY, verilog, [], build_root=build_root)
    with pytest.raises(ValueError, match=r"^directory must be given when waves are to be written$"):
        simulate(GEOMETRY, verilog, drawn(1), build_root=build_root, waves=True)
    operands = JobOperands.random(Job(k=15, n=1), np.random.default_rng(1))
    with pytest.raises(ValueError, match=r"^k must be at most max_k \(14\), not 15$"):
        simulate(GEOMETRY, verilog, [operands], build_root=build_root)
