"""A point in simulation: what is reported, and what is an error."""

from dataclasses import replace

import pytest

from bitnet_hw import simulate_point
from bitnet_hw.cycles import cycles
from bitnet_hw.errors import ToolMissing
from bitnet_hw.evaluators import EVALUATORS
from bitnet_hw.explore_files import workload_text
from bitnet_hw.simulate_point import point_products
from bitnet_hw.sweep import load_sweep
from bitnet_hw.sweep_copy import sweep_copy
from bitnet_hw.sweep_point import evaluate_point
from sim import compiled_check
from sim.compiled_check import ProductCheck
from sim.errors import SimulatorMissing

SHAPES = "evaluate: simulate\nbase: tiny\nshapes: [3x20x9, 1x64x8]\n"
SIMULATE = EVALUATORS["simulate"].fields


@pytest.fixture(autouse=True)
def cache(monkeypatch, build_root):
    build_root.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr("bitnet_hw.simulate_point.build_folder", lambda: build_root)


@pytest.fixture
def point(tmp_path):
    def make(text, index=0):
        (tmp_path / "s.yaml").write_text(text)
        return load_sweep(tmp_path / "s.yaml").point(index)

    return make


@pytest.fixture
def hardware(monkeypatch):
    """Put a model of the hardware in the place of the hardware, with faults on demand."""

    def use(**faults):
        def check(geometry, products, *, rate, seed, build_root, timeout_s):
            jobs = tuple(
                job for product in products for job in compiled_check._jobs(geometry, *product)
            )
            assert rate == (1, 1)
            count = cycles(geometry, jobs)
            found = ProductCheck(
                jobs=jobs,
                outputs_checked=sum(job.m * job.n for job in jobs),
                mismatches=0,
                message="",
                cycles_measured=count.cycles,
                counters=vars(count),
                seconds=0.5,
                build_seconds=2.0,
            )
            return replace(found, **faults)

        monkeypatch.setattr(compiled_check, "check_products", check)

    return use


@pytest.mark.long
def test_the_rtl_of_a_point_runs(point):
    row = evaluate_point(point(SHAPES + "sweep: {clock_mhz: [500, 1000]}"), SIMULATE)
    assert row["error"] is None
    assert row["passed"] is True
    # Two tokens at most at a time.
    assert (row["jobs"], row["outputs_checked"], row["mismatches"]) == (3, 3 * 9 + 8, 0)
    assert row["cycles_measured"] == row["cycles_predicted"] == row["counters_measured.cycles"]
    assert row["macs"] == 3 * 20 * 9 + 64 * 8
    assert row["utilization"] == row["macs"] / (4 * 8 * row["cycles_measured"])
    assert (row["array.rows"], row["array.lanes"], row["macs_per_cycle"]) == (4, 8, 32)


def test_fields(point, hardware):
    hardware()
    row = evaluate_point(point(SHAPES + "sweep: {clock_mhz: [500, 1000]}"), SIMULATE)
    assert row["error"] is None
    assert {
        *("passed", "jobs", "outputs_checked", "mismatches", "cycles_measured", "seconds"),
        *("cycles_predicted", "macs", "utilization"),
        *(
            f"counters_measured.{name}"
            for name in ("cycles", "busy", "weight_wait", "activation_wait", "output_wait")
        ),
    } <= set(row)


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        (
            {"mismatches": 2, "message": "Output 1 of token 0 in product 0 must be 7, not 8"},
            (
                "2 of 35 outputs must equal the integer product; the first: Output 1 of token 0 in "
                "product 0 must be 7, not 8"
            ),
        ),
        (
            {
                "counters": {
                    "cycles": 1,
                    "busy": 2,
                    "weight_wait": 0,
                    "activation_wait": 1,
                    "output_wait": 0,
                }
            },
            "Counters must equal the cycle model: cycles 1, not ",
        ),
        (
            {"cycles_measured": 1},
            (
                "Counters must equal the cycle model: the harness counted other cycles than the "
                "hardware"
            ),
        ),
    ],
)
def test_wrong_hardware_is_an_error(point, hardware, faults, message):
    hardware(**faults)
    row = evaluate_point(point(SHAPES + "sweep: {clock_mhz: [500]}"), SIMULATE)
    assert set(row) == {"clock_mhz", "error"}
    assert row["error"].startswith(message)


def test_a_shape_that_does_not_fit(point):
    text = SHAPES + "sweep: {array.max_k: [32]}"
    assert evaluate_point(point(text), SIMULATE)["error"] == (
        "The products of the point must fit the array: k must be at most max_k (32), not 64"
    )


def test_without_a_simulator_there_is_no_row(point, monkeypatch):
    def missing(*_, **__):
        raise SimulatorMissing("Verilator is not installed")

    monkeypatch.setattr(compiled_check, "check_products", missing)
    with pytest.raises(ToolMissing, match=r"^Verilator is not installed$"):
        evaluate_point(point(SHAPES + "sweep: {clock_mhz: [500]}"), SIMULATE)


def test_one_layer_of_the_model_is_the_default(point):
    text = "evaluate: simulate\nbase: edge\nmodel: bitnet-b1.58-3b\nbatch: 3\ncontext: 5\n"
    decode = point(text + "sweep: {phase: [decode, prefill]}")
    layer = [(projection.k, projection.n) for projection in decode.model().projections]
    assert point_products(decode, decode.config()) == tuple((3, k, n) for k, n in layer)
    prefill = point(text + "sweep: {phase: [decode, prefill]}", 1)
    assert point_products(prefill, prefill.config()) == tuple((15, k, n) for k, n in layer)


def test_a_sweep_of_shapes_needs_no_model(tmp_path):
    (tmp_path / "s.yaml").write_text(SHAPES + "sweep: {clock_mhz: [500, 1000]}")
    sweep = load_sweep(tmp_path / "s.yaml")
    assert workload_text(sweep) == "3x20x9, 1x64x8"
    (tmp_path / "copy.yaml").write_text(sweep_copy(sweep))
    copy = load_sweep(tmp_path / "copy.yaml")
    assert (copy.evaluate, copy.settings) == (sweep.evaluate, sweep.settings)
    assert simulate_point.point_products(copy.point(0), copy.point(0).config()) == (
        (3, 20, 9),
        (1, 64, 8),
    )
