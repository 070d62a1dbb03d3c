"""Rates and times of single operators."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.config import load_config
from bitnet_hw.cycles import WeightRate, cycles
from bitnet_hw.operators import LinkOperator, TernaryOperator, VectorOperator
from bitnet_hw.rates import RATE_DENOMINATOR
from bitnet_hw.timing import (
    host_time,
    link_time,
    memory_cycles,
    ternary_time,
    vector_time,
    weight_rate,
)
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
    # What takes as long as the arithmetic does not bound it, and a cycle that is begun counts.
    balanced = VectorOperator(name="x", repeat=1, macs=641, dram_bytes={"a": 64 * 11})
    assert vector_time(config, balanced).cycles == 11
    assert vector_time(config, balanced).bound == "compute"


def test_words_of_the_stream_for_several_words_in_a_tile():
    jobs = (Job(k=400, n=320, m=2),)
    operator = TernaryOperator(name="x", jobs=jobs, repeat=1)
    # Two tokens for each tile of a word: four cycles of the stream against six of the array.
    assert ternary_time(EDGE, operator, WeightRate(3, 4)).bound == "compute"
    # A tile of two words: eight against six.
    narrow = load_config("edge", {"array.weight_bus_bits": 256})
    assert ternary_time(narrow, operator, WeightRate(3, 4)).bound == "weights"


@pytest.mark.parametrize("elementwise", [(100, 65), (65, 100)])
def test_host_time(elementwise):
    # Two multiply-accumulates in each cycle of 1 ns; 641 + 100 are 371 cycles.
    host = {"gmacs_per_second": 2, "energy_pj_per_mac": 1}
    multiplies, adds = elementwise
    work = VectorOperator(name="x", repeat=3, macs=641, multiplies=multiplies, adds=adds)
    time = host_time(at(64, host=host), work)
    assert (time.cycles, time.bound) == (3 * 371, "compute")
    calls = at(64, host={**host, "call_us": 0.5})
    assert host_time(calls, work).cycles == 3 * (371 + 500)
    traffic = dataclasses.replace(work, dram_bytes={"a": 64 * 300, "b": 64 * 100})
    time = host_time(calls, traffic)
    assert (time.cycles, time.bound) == (3 * (400 + 500), "memory")


def test_long_times_are_exact():
    host = {"gmacs_per_second": 2, "energy_pj_per_mac": 1, "call_us": 2e6}
    link = {"chips.link.gb_per_s": 32, "chips.link.latency_us": 2e6}
    work = VectorOperator(name="x", repeat=1, macs=4 * 10**9)
    # Two seconds to call, and two to compute or to transfer.
    assert host_time(at(64, host=host), work).cycles == 4 * 10**9
    exchange = LinkOperator(name="x", repeat=1, link_bytes=64 * 10**9, messages=1)
    assert link_time(at(64, **link), exchange).cycles == 4 * 10**9


def test_link_time():
    # 32 bytes in each cycle of 1 ns; 1000 bytes are 32 cycles, and a message 500 more.
    operator = LinkOperator(name="x", repeat=2, link_bytes=1000, messages=3)
    link = {"chips.link.gb_per_s": 32, "chips.link.latency_us": 0.5}
    time = link_time(at(64, **link), operator)
    assert (time.cycles, time.bound) == (2 * (32 + 1500), "link")
    none = at(64, **link | {"chips.link.latency_us": 0})
    assert link_time(none, operator).cycles == 2 * 32
