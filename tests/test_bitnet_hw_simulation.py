import dataclasses

import numpy as np
import pytest

from bitnet_hw.config import config_from_mapping
from bitnet_hw.cycles import CycleCount, WeightRate
from bitnet_hw.errors import ConfigError, SimulationFailed, ToolMissing
from bitnet_hw.model import load_model
from bitnet_hw.simulation import (
    Simulation,
    Verdict,
    build_folder,
    model_jobs,
    parse_rate,
    parse_shape,
    random_jobs,
    simulation_errors,
)
from rtl.job import Job
from sim.errors import BenchFailed, SimulatorMissing
from sim.simulate import SimulationResult

CONFIG = config_from_mapping(
    {
        "array": {
            "rows": 4,
            "lanes": 8,
            "weight_encoding": "trit2",
            "weight_bus_bits": 64,
            "max_tokens": 2,
            "max_k": 64,
            "output_bus_words": 2,
        }
    },
    source="test",
)
ARRAY = CONFIG.array
COUNTERS = {
    "cycles": 32,
    "busy": 4,
    "weight_wait": 0,
    "activation_wait": 1,
    "output_wait": 0,
}


def verdict(**changes):
    run = SimulationResult(
        passed=True,
        simulator="verilator",
        jobs=1,
        outputs_checked=8,
        mismatches=0,
        messages=[],
        cycles_measured=32,
        counters=COUNTERS,
        results=[np.zeros((2, 4), np.int32)],
        seconds=0.5,
        build_seconds=0.0,
        waveform=None,
    )
    return Verdict(
        config=CONFIG,
        jobs=(Job(k=16, n=4, m=2),),
        measured=CycleCount(**COUNTERS),
        predicted=CycleCount(**COUNTERS) if not changes else CycleCount(**(COUNTERS | changes)),
        run=run,
        random_flow={"jobs": 3, "outputs_checked": 10},
    )


def test_verdict_passes_when_everything_agrees():
    result = verdict().to_dict()
    assert result["passed"] is True
    assert result["jobs"] == 4
    assert result["outputs_checked"] == 18
    assert result["macs"] == 128
    # 128 of 32 cycles x 32 multiply-accumulates.
    assert result["utilization"] == 0.125


@pytest.mark.parametrize("counter", sorted(COUNTERS))
def test_verdict_fails_when_any_counter_differs(counter):
    assert not verdict(**{counter: COUNTERS[counter] + 1}).passed


def test_verdict_fails_when_the_run_failed():
    good = verdict()
    assert not dataclasses.replace(good, run=dataclasses.replace(good.run, passed=False)).passed


def test_shape_is_split_into_jobs_of_max_tokens():
    assert parse_shape("3x40x9", ARRAY) == [Job(k=40, n=9, m=2), Job(k=40, n=9, m=1)]


@pytest.mark.parametrize("text", ["", "3x40", "0x1x1", "1x-1x1", "1 x 1 x 1", "1x1x1x1", "axbxc"])
def test_rejects_what_is_no_shape(text):
    with pytest.raises(
        ConfigError,
        match=r"^--shape must be tokens x inputs x outputs, such as 1x3200x8640, not '.*'$",
    ):
        parse_shape(text, ARRAY)


def test_rejects_shape_beyond_the_array():
    with pytest.raises(
        ConfigError,
        match=r"^Shape 1x65x4 must fit the array: k must be at most max_k \(64\), not 65$",
    ):
        parse_shape("1x65x4", ARRAY)


def test_rejects_shape_beyond_memory():
    with pytest.raises(
        ConfigError, match=r"^--shape must be small enough to hold in memory, not 1x64x99999999$"
    ):
        parse_shape("1x64x99999999", ARRAY)


def test_rate():
    assert parse_rate("2/3") == WeightRate(2, 3)


@pytest.mark.parametrize("text", ["", "2", "3/2", "0/1", "1/0", "1/2/3", "-1/2", "1.5/2"])
def test_rejects_what_is_no_rate(text):
    with pytest.raises(
        ConfigError, match=r"^--weight-rate must be words/cycles, at most one word per cycle, "
    ):
        parse_rate(text)


def test_jobs_of_a_model_are_those_of_one_layer():
    large = dataclasses.replace(ARRAY, max_k=8640)
    jobs = model_jobs(load_model("bitnet-b1.58-3b"), 1, large)
    assert sorted((job.k, job.n) for job in jobs) == [
        (3200, 3200),
        (3200, 3200),
        (3200, 3200),
        (3200, 3200),
        (3200, 8640),
        (3200, 8640),
        (8640, 3200),
    ]


def test_random_jobs_follow_the_seed():
    assert random_jobs(ARRAY, 5, 1) == random_jobs(ARRAY, 5, 1)
    assert random_jobs(ARRAY, 5, 1) != random_jobs(ARRAY, 5, 2)


def test_builds_are_kept_in_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert build_folder() == tmp_path / "bitnet-hw" / "simulators"


@pytest.mark.parametrize(
    ("raised", "expected"),
    [(SimulatorMissing, ToolMissing), (BenchFailed, SimulationFailed)],
)
def test_errors_of_the_simulation_become_errors_of_the_tool(raised, expected):
    with pytest.raises(expected, match=r"^because$"), simulation_errors():
        raise raised("because")


def test_missing_package_is_a_missing_tool():
    with (
        pytest.raises(ToolMissing, match=r"of which torch is not installed: pip install"),
        simulation_errors(),
    ):
        raise ImportError("No module named 'torch'", name="torch")


def test_runs_on_the_hardware(monkeypatch, build_root):
    monkeypatch.setattr("bitnet_hw.simulation.build_folder", lambda: build_root)
    simulation = Simulation(config=CONFIG)
    verilog = simulation.verilog()
    jobs = parse_shape("3x40x9", ARRAY)
    found = simulation.run(simulation.random_operands(jobs), verilog, rate=WeightRate(2, 3))
    assert found.passed
    assert found.measured == found.predicted
    assert found.run.outputs_checked == 27
    flow = simulation.run_random_flow(verilog, scenarios=3)
    assert flow["jobs"] >= 3
    assert flow["outputs_checked"] > 0
