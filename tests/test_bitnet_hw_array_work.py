from collections import Counter

import pytest

from bitnet_hw.array_work import SCOPE, ArrayWork, split_jobs
from bitnet_hw.config import load_config
from bitnet_hw.cycles import CycleCount, WeightRate, cycles
from rtl.job import Job

TINY = load_config("tiny")


def test_jobs_take_as_many_tokens_as_the_array():
    assert split_jobs(TINY.array, 5, 64, 7) == (
        Job(k=64, n=7, m=2),
        Job(k=64, n=7, m=2),
        Job(k=64, n=7, m=1),
    )


def test_too_many_inputs():
    with pytest.raises(ValueError, match=r"^k must be at most max_k \(64\), not 65$"):
        split_jobs(TINY.array, 1, 65, 4)


def test_time_of_products_adds_up_but_the_jobs_of_one_overlap():
    work = ArrayWork(TINY, Counter({(1, 8, 4): 3, (4, 16, 4): 1}))
    single = cycles(TINY.array, [Job(k=8, n=4, m=1)]).cycles
    double = cycles(TINY.array, [Job(k=16, n=4, m=2)] * 2).cycles
    assert work.cycles == 3 * single + double
    assert double < 2 * cycles(TINY.array, [Job(k=16, n=4, m=2)]).cycles
    assert work.jobs == 5
    assert work.macs == 3 * 8 * 4 + 4 * 16 * 4
    assert work.seconds == work.cycles / 1e9


def test_one_job_by_hand():
    # One step of one tile: the command's cycle, its activation, loaded and fetched, the tile, the
    # pipeline, two beats.
    assert ArrayWork(TINY, Counter({(1, 8, 4): 1})).cycles == 8


def test_counters_of_products_add_up():
    # Before the step of a job its activation is waited for, in two cycles.
    work = ArrayWork(TINY, Counter({(1, 8, 4): 3}))
    assert work.counters == CycleCount(
        cycles=24, busy=3, weight_wait=0, activation_wait=6, output_wait=0
    )
    shapes = Counter({(1, 8, 4): 3, (2, 64, 9): 2})
    rate = WeightRate(2, 7)
    once = [cycles(TINY.array, split_jobs(TINY.array, *shape), rate) for shape in shapes]
    assert ArrayWork(TINY, shapes, rate).counters == CycleCount(**{
        name: 3 * getattr(once[0], name) + 2 * getattr(once[1], name)
        for name in CycleCount.__dataclass_fields__
    })


def test_slow_weights_take_longer():
    shapes = Counter({(1, 64, 64): 1})
    slow = ArrayWork(TINY, shapes, WeightRate(1, 2))
    assert slow.cycles > 1.8 * ArrayWork(TINY, shapes).cycles


def test_what_was_added_since():
    earlier = ArrayWork(TINY, Counter({(1, 8, 4): 3, (2, 8, 4): 1}))
    later = ArrayWork(TINY, Counter({(1, 8, 4): 5, (2, 8, 4): 1}))
    assert later.minus(earlier).products == {(1, 8, 4): 2}


def test_energy_is_that_of_ternary_layers():
    work = ArrayWork(TINY, Counter({(1, 8, 4): 10}))
    energy = work.energy_j()
    assert set(energy) == {
        "adder_tree",
        "lane_select",
        "weight_decoder",
        "registers",
        "accumulators",
        "array_leakage",
        "core_leakage",
        "activation_store",
        "result_buffer",
        "dram_ternary_weights",
        "dram_background",
    }
    # A tile of 4 x 8 weights in 2 bits each: 64 bits from memory, ten times.
    per_bit = TINY.memory.energy_pj_per_bit.at("nominal")
    assert energy["dram_ternary_weights"] == pytest.approx(10 * 64 * per_bit * 1e-12)
    assert SCOPE == "system, BitLinear layers only"


def test_nothing():
    work = ArrayWork(TINY)
    assert (work.jobs, work.macs, work.cycles, work.energy_j()) == (0, 0, 0, {})
    assert work.counters == CycleCount(0, 0, 0, 0, 0)
