"""The accelerator in both simulators, under random flow, and with directed faults."""

import dataclasses
import re

import pytest

from rtl.geometry import Geometry
from rtl.verilog import emit
from sim.build import build
from sim.errors import BenchFailed
from sim.runner import run

SIMULATORS = ["verilator", pytest.param("icarus", marks=pytest.mark.icarus)]
FAULTS = ["reset_mid_job", "illegal_codes", "bad_command", "taken_back", "stopped_streams"]
TOP = "bitnet_accelerator"

GEOMETRIES = {
    # Two words in a tile, ragged beats.
    "4x5-trit5": Geometry(
        rows=4,
        lanes=5,
        weight_encoding="trit5",
        weight_bus_bits=16,
        max_k=14,
        max_tokens=3,
        output_bus_words=3,
    ),
    # One word in a tile with unused places, one token, one result in a beat.
    "3x4-trit2": Geometry(
        rows=3,
        lanes=4,
        weight_encoding="trit2",
        weight_bus_bits=32,
        max_k=16,
        max_tokens=1,
        output_bus_words=1,
        tree_register_every=1,
    ),
    # Check bits, two words in a tile.
    "3x5-trit5-hamming": Geometry(
        rows=3,
        lanes=5,
        weight_encoding="trit5",
        weight_bus_bits=24,
        max_k=16,
        max_tokens=2,
        output_bus_words=2,
        weight_check="hamming",
    ),
    # The smallest there is.
    "1x1-trit2": Geometry(
        rows=1,
        lanes=1,
        weight_encoding="trit2",
        weight_bus_bits=8,
        max_k=5,
        max_tokens=2,
        output_bus_words=1,
    ),
    # Many words in a tile, whole vectors in a beat, a deep pipeline.
    "8x8-trit5": Geometry(
        rows=8,
        lanes=8,
        weight_encoding="trit5",
        weight_bus_bits=24,
        max_k=40,
        max_tokens=4,
        output_bus_words=8,
        tree_register_every=1,
    ),
}


# Two say most; a person need not wait for the others.
NAMES = [
    *("4x5-trit5", "3x5-trit5-hamming"),
    *(
        pytest.param(name, marks=pytest.mark.long)
        for name in GEOMETRIES
        if name not in ("4x5-trit5", "3x5-trit5-hamming")
    ),
]


def check(geometry, simulator, build_root, directory, *, verilog=None, scenarios=25, seed=1):
    """Run random jobs."""
    design = build(verilog or emit(geometry)[0], top=TOP, simulator=simulator, root=build_root)
    return run(
        design,
        bench="sim.tb_accelerator",
        tests=["random_jobs"],
        directory=directory,
        parameters={
            "geometry": dataclasses.asdict(geometry),
            "scenarios": scenarios,
            "jobs": 5,
        },
        seed=seed,
    )


def check_faults(geometry, simulator, build_root, directory, *, seed=1):
    """Do what a host, a memory or a reset may do."""
    tests = [*FAULTS, *(["flipped_bits"] if geometry.check_bits else [])]
    design = build(emit(geometry)[0], top=TOP, simulator=simulator, root=build_root)
    result = run(
        design,
        bench="sim.tb_faults",
        tests=tests,
        directory=directory,
        parameters={"geometry": dataclasses.asdict(geometry), "scenarios": 24, "resets": 25},
        seed=seed,
    )
    assert result.tests == len(tests)
    return result


@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize("name", NAMES)
def test_random_jobs(name, simulator, build_root, tmp_path):
    geometry = GEOMETRIES[name]
    result = check(geometry, simulator, build_root, tmp_path)
    assert result.tests == 1
    assert result.data["jobs"] >= 50
    seen = result.data["seen"]
    if geometry.lanes == 1:
        # Nothing is ragged where a tile is one weight.
        assert seen.pop("ragged_k") == seen.pop("ragged_n") == 0
    assert all(seen.values()), seen


@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize("name", NAMES)
def test_directed_faults(name, simulator, build_root, tmp_path):
    geometry = GEOMETRIES[name]
    result = check_faults(geometry, simulator, build_root, tmp_path)
    assert result.data["taken_back"] > 24
    if geometry.check_bits:
        assert result.data["flipped_words"] == 3 * geometry.weight_bus_bits


@pytest.mark.long
@pytest.mark.parametrize("seed", [1001, 1002])
@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize(
    "geometry",
    [
        *GEOMETRIES.values(),
        Geometry(
            rows=16,
            lanes=13,
            weight_encoding="trit5",
            weight_bus_bits=336,
            max_k=100,
            max_tokens=8,
            output_bus_words=4,
            tree_register_every=3,
        ),
        Geometry(
            rows=7,
            lanes=16,
            weight_encoding="trit2",
            weight_bus_bits=64,
            max_k=64,
            max_tokens=5,
            output_bus_words=2,
        ),
    ],
    ids=lambda geometry: f"{geometry.rows}x{geometry.lanes}-{geometry.weight_encoding}",
)
def test_many_random_jobs(geometry, simulator, seed, build_root, tmp_path):
    # Icarus is slower, and there to differ where Verilator might be wrong.
    scenarios = {"verilator": 250, "icarus": 100}[simulator]
    result = check(geometry, simulator, build_root, tmp_path, scenarios=scenarios, seed=seed)
    assert result.data["jobs"] >= 2 * scenarios
    if simulator == "verilator":
        check_faults(geometry, simulator, build_root, tmp_path / "faults", seed=seed)


def ignore_back_pressure(verilog):
    """Have the result buffer forget a vector whether or not its last beat was taken."""
    start = verilog.index(f"module \\{TOP}.results ")
    return verilog[:start] + re.sub(r"= results__ready &", "= 1'h1 &", verilog[start:], count=1)


def forget_to_restart(verilog):
    """Have the accumulator add to the sum of the job before."""
    return re.sub(r"= first \? \S+ : partial;", "= partial;", verilog)


@pytest.mark.parametrize("fault", [ignore_back_pressure, forget_to_restart])
def test_a_fault_is_found(fault, build_root, tmp_path):
    geometry = GEOMETRIES["4x5-trit5"]
    verilog = emit(geometry)[0]
    faulty = fault(verilog)
    assert faulty != verilog
    with pytest.raises(BenchFailed, match=r"(?m)^random_jobs: scenario \d+, seed \d+: "):
        check(
            geometry,
            "verilator",
            build_root,
            tmp_path,
            verilog=faulty,
            scenarios=3,
        )
