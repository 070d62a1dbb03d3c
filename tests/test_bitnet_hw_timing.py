"""Rates and times of single operators."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.config import load_config
from bitnet_hw.cycles import WeightRate, cycles
from bitnet_hw.operators import TernaryOperator, VectorOperator
from bitnet_hw.rates import RATE_DENOMINATOR
from bitnet_hw.timing import memory_cycles, ternary_time, vector_time, weight_rate
from rtl.job import Job

EDGE = load_config("edge")


def at(gb_per_s, **changes):
    memory = {"peak_gb_per_s": gb_per_s, "energy_pj_per_bit": 1}
    return load_config("edge", {"memory": memory, **changes})


@pytest.mark.parametrize(
    ("gb_per_s", "clock_mhz", "rate"),
    [
        # One word is 64 bytes: 64 GB/s at 1 GHz.
        (64, 1000, WeightRate(1, 1)),
        (1000, 1000, WeightRate(1, 1)),
        (32, 1000, WeightRate(1, 2)),
        (48, 1000, WeightRate(3, 4)),
        (64, 2000, WeightRate(1, 2)),
        (6.4, 1000, WeightRate(1, 10)),
    ],
)
def test_weight_rate(gb_per_s, clock_mhz, rate):
    assert weight_rate(at(gb_per_s, clock_mhz=clock_mhz)) == rate


@given(st.floats(0.1, 200))
def test_weight_rate_is_close(gb_per_s):
    rate = weight_rate(at(gb_per_s))
    # Of two neighbouring fractions with words up to D, one is within 1/2D of any number between.
    cycles_per_word = max(1, 64 / gb_per_s)
    assert abs(rate.cycles / rate.words - cycles_per_word) <= 0.5 / RATE_DENOMINATOR + 1e-12


@given(st.floats(0.1, 200), st.floats(0.1, 200))
def test_more_bandwidth_is_never_a_lower_rate(one, other):
    slow, fast = (weight_rate(at(value)) for value in sorted((one, other)))
    assert slow.words * fast.cycles <= fast.words * slow.cycles


def test_memory_cycles():
    config = at(64)
    assert memory_cycles(config, 0) == 0
    assert memory_cycles(config, 64) == 1
    assert memory_cycles(config, 65) == 2


def test_ternary_time_is_the_cycle_model():
    jobs = (Job(k=40, n=32), Job(k=100, n=16))
    operator = TernaryOperator(name="x", jobs=jobs, repeat=7)
    for rate, bound in ((WeightRate(1, 1), "compute"), (WeightRate(1, 2), "weights")):
        time = ternary_time(EDGE, operator, rate)
        assert time.cycles == 7 * cycles(EDGE.array, jobs, rate).cycles
        assert time.bound == bound


def test_reuse_takes_the_bound_from_the_weights():
    jobs = (Job(k=400, n=320, m=4),)
    time = ternary_time(EDGE, TernaryOperator(name="x", jobs=jobs, repeat=1), WeightRate(1, 3))
    assert time.bound == "compute"


def test_vector_time():
    config = at(64)
    work = VectorOperator(name="x", repeat=3, macs=640, multiplies=100, adds=65, dram_bytes={})
    # 640 / 64 + ceil(100 / 64) cycles.
    assert vector_time(config, work).cycles == 3 * 12
    assert vector_time(config, work).bound == "compute"
    assert vector_time(config, work, matrix_macs_per_cycle=320).cycles == 3 * 4
    traffic = VectorOperator(name="x", repeat=3, macs=640, dram_bytes={"a": 64 * 8, "b": 64 * 5})
    assert vector_time(config, traffic).cycles == 3 * 13
    assert vector_time(config, traffic).bound == "memory"
