"""Seconds of one operator, by hand."""

import pytest

from bitnet_hw.system import load_system
from bitnet_hw.system_time import operator_seconds
from bitnet_hw.system_work import Work

# 1 GMAC/s, 2 GB/s.
SYSTEM = load_system({
    "units": {"array": {"macs_per_cycle": 100, "clock_mhz": 10}},
    "memory": {"peak_gb_per_s": 4, "efficiency": 0.5},
    "operators": {
        "linear": {
            "ternary": {"unit": "array", "bits": 2, "launch_us": 5},
            "fp16": {"unit": "array", "vectors_per_pass": 2},
        },
        "norms": {"unit": "array", "cycles_per_element": 3},
        "attention": {"unit": "array", "memory_efficiency": 0.25},
    },
    "overheads": {
        "setup": {"operator": "linear", "us": 7, "per": "layer"},
        "copy": {"operator": "linear", "us": 11, "per": "token", "weights": "ternary"},
        "wait": {"operator": "norms", "us": 13, "per": "step"},
    },
})
LAYERS = 3


def seconds(work, weights="ternary", **options):
    route = SYSTEM.operators.route(work.operator, weights)
    return operator_seconds(SYSTEM, work, route, layers=LAYERS, weights=weights, **options)


def test_bound_by_memory():
    work = Work(operator="linear", vectors=1, runs=12, macs=4_000_000, weights=64_000_000)
    time = seconds(work)
    assert time.transferred_bytes == 16_000_000
    assert time.transfer_s == pytest.approx(8e-3)
    assert time.compute_s == pytest.approx(4e-3)
    # 12 launches, 3 layers, 1 token.
    assert time.fixed_s == pytest.approx((60 + 21 + 11) * 1e-6)
    assert time.seconds == pytest.approx(8.092e-3)
    assert time.bound == "memory"
    assert time.to_dict()["bound"] == "memory"


def test_passes_over_the_weights():
    work = Work(operator="linear", vectors=5, runs=12, macs=1_000_000, weights=1_000_000)
    time = seconds(work, weights="fp16")
    # 3 passes for 5 vectors, 2 bytes for a weight; overheads of ternary weights do not count.
    assert time.transfer_s == pytest.approx(3e-3)
    assert time.fixed_s == pytest.approx(63e-6)


def test_elements():
    time = seconds(Work(operator="norms", vectors=1, runs=3, elements=1000))
    # 3000 cycles at 10 MHz.
    assert time.compute_s == pytest.approx(300e-6)
    assert (time.seconds, time.bound) == (pytest.approx(313e-6), "compute")


def test_bits_of_the_cache():
    work = Work(operator="attention", vectors=1, runs=3, cached=1_000_000)
    # 16 bits unless stated, at a quarter of 4 GB/s.
    assert seconds(work).transfer_s == pytest.approx(2e-3)
    assert seconds(work, kv_bits=8).transfer_s == pytest.approx(1e-3)


def test_bound_by_launches():
    time = seconds(Work(operator="linear", vectors=1, runs=12, macs=1, weights=1))
    assert time.bound == "fixed"
