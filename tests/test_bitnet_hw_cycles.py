"""The cycle model equals the hardware: every counter, any geometry, any jobs, any weight rate."""

import dataclasses
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.cycles import CycleCount, WeightRate, _sum_of_floors, cycles
from rtl.geometry import Geometry
from rtl.job import Job
from rtl.word_check import width_for
from sim.pysim import Operands, run_jobs


def random_geometry(rng: random.Random) -> Geometry:
    rows, lanes = rng.randint(1, 6), rng.randint(1, 7)
    encoding = rng.choice(("trit2", "trit5"))
    trits = -(-rows * lanes // rng.choice((1, 1, 2, 3, 5)))
    codes = -(-trits // 4) if encoding == "trit2" else -(-trits // 5)
    check = rng.choice(("none", "none", "hamming"))
    return Geometry(
        rows=rows,
        lanes=lanes,
        weight_encoding=encoding,
        weight_bus_bits=width_for(codes, check) + 8 * rng.choice((0, 0, 0, 1)),
        max_tokens=rng.randint(1, 5),
        max_k=rng.randint(max(1, lanes - 2), lanes * 5),
        output_bus_words=rng.randint(1, rows),
        tree_register_every=rng.randint(1, 3),
        weight_check=check,
    )


def random_jobs(rng: random.Random, geometry: Geometry) -> list[Job]:
    return [
        Job(
            k=rng.randint(1, geometry.max_k),
            n=rng.randint(1, geometry.rows * rng.choice((1, 1, 4, 9))),
            m=rng.randint(1, geometry.max_tokens),
            flags=rng.randint(0, 255),
        )
        for _ in range(rng.randint(1, 5))
    ]


def random_rate(rng: random.Random) -> WeightRate:
    per = rng.randint(1, 9)
    return rng.choice((WeightRate(), WeightRate(rng.randint(1, per), per)))


def check_case(seed: int) -> int:
    """Compare one random case with simulation; return its simulated cycles."""
    rng = random.Random(seed)
    geometry = random_geometry(rng)
    jobs, rate = random_jobs(rng, geometry), random_rate(rng)
    operands = [Operands.random(job, rng) for job in jobs]
    run = run_jobs(geometry, operands, words=rate.words, cycles=rate.cycles)
    case = f"seed {seed}: {geometry}, {jobs}, {rate}"
    assert run.results == [x for item in operands for x in item.results(geometry)], case
    predicted = cycles(geometry, jobs, rate)
    measured = CycleCount(**{
        field.name: run.status[field.name] for field in dataclasses.fields(CycleCount)
    })
    assert predicted == measured, case
    assert run.end == measured.cycles, case
    return measured.cycles


@pytest.mark.parametrize("first_seed", range(0, 40, 10))
def test_equals_simulation(first_seed):
    for seed in range(first_seed, first_seed + 10):
        check_case(seed)


@pytest.mark.long
@pytest.mark.parametrize("first_seed", range(1000, 1300, 25))
def test_equals_simulation_in_300_more_cases(first_seed):
    total = sum(check_case(seed) for seed in range(first_seed, first_seed + 25))
    print(f"seeds {first_seed}-{first_seed + 24}: 25 cases, {total} cycles, difference 0")


@pytest.mark.parametrize(
    ("changes", "jobs", "rate"),
    [
        # The result stream is the bottleneck, and the weights are almost as slow: both waits occur.
        ({}, [Job(k=2, n=36, m=3)] * 3, WeightRate(3, 11)),
        ({}, [Job(k=5, n=40, m=1)] * 4, WeightRate(5, 7)),
        # One K tile, one output tile: only loading and latency.
        ({"max_tokens": 1, "tree_register_every": 1}, [Job(k=1, n=1)] * 5, WeightRate()),
        # Several words to a tile, more tokens than words, fewer tokens than words.
        ({"weight_bus_bits": 8}, [Job(k=17, n=9, m=5), Job(k=17, n=9, m=1)], WeightRate(2, 3)),
        # Three words to a tile, which take the memory as long as its results take the stream.
        (
            {"rows": 6, "weight_bus_bits": 16},
            [Job(k=1, n=24), Job(k=3, n=18)],
            WeightRate(1, 2),
        ),
        # Loading takes as long as computing: the array waits for activations.
        ({}, [Job(k=20, n=4, m=4)] * 6, WeightRate()),
        # A weight memory so slow that nothing else matters.
        ({}, [Job(k=9, n=13, m=2)] * 2, WeightRate(1, 97)),
    ],
)
def test_equals_simulation_in_corners(changes, jobs, rate):
    base = Geometry(rows=4, lanes=5, weight_bus_bits=32, max_tokens=5, max_k=40, output_bus_words=1)
    geometry = dataclasses.replace(base, **changes)
    rng = random.Random(7)
    operands = [Operands.random(job, rng) for job in jobs]
    run = run_jobs(geometry, operands, words=rate.words, cycles=rate.cycles)
    predicted = cycles(geometry, jobs, rate)
    assert dataclasses.asdict(predicted) == {
        name: run.status[name] for name in dataclasses.asdict(predicted)
    }


def test_by_hand():
    # One row of one lane: the command is taken in cycle 1, loads in 2, is fetched in 3, steps in 4;
    # the sum is accumulated in 5 and leaves in 6.
    geometry = Geometry(rows=1, lanes=1, weight_bus_bits=8, max_k=4, output_bus_words=1)
    assert cycles(geometry, [Job(k=1, n=1)]) == CycleCount(
        cycles=6, busy=1, weight_wait=0, activation_wait=2, output_wait=0
    )
    # Three more inputs: three more steps.
    assert cycles(geometry, [Job(k=4, n=1)]).cycles == 9
    # Half the weights: word 3 comes in cycle 6 instead of 3, so the last step is in 7 as before.
    assert cycles(geometry, [Job(k=4, n=1)], WeightRate(1, 2)).cycles == 9
    assert cycles(geometry, [Job(k=4, n=1)], WeightRate(1, 3)) == CycleCount(
        cycles=11, busy=4, weight_wait=2, activation_wait=2, output_wait=0
    )


def test_decode_layer_of_3b_at_64x64_has_no_dead_cycles():
    geometry = Geometry(rows=64, lanes=64, weight_bus_bits=6560, max_k=8640, output_bus_words=16)
    for shape in ((3200, 3200), (3200, 8640), (8640, 3200)):
        job = Job(k=shape[0], n=shape[1])
        count = cycles(geometry, [job] * 26)
        assert 26 * job.macs / (count.cycles * 4096) >= 0.99


@given(
    count=st.integers(0, 40),
    slope=st.integers(-30, 30),
    offset=st.integers(-400, 400),
    divisor=st.integers(1, 15),
)
def test_sum_of_floors(count, slope, offset, divisor):
    expected = sum(max(0, (offset + i * slope) // divisor) for i in range(count))
    assert _sum_of_floors(count, slope, offset, divisor) == expected


def test_sum_of_floors_that_no_float_holds():
    # 10**9 times the sum of the numbers below 10**9.
    assert _sum_of_floors(10**9, 10**9, 0, 1) == 499_999_999_500_000_000 * 10**9
    # The same line and a third of it, which is rounded down twice of three times.
    assert _sum_of_floors(3 * 10**9, 1, 0, 3) == 1_499_999_998_500_000_000


def test_rejects_empty_job_list():
    geometry = Geometry(rows=1, lanes=1, weight_bus_bits=8, max_k=4, output_bus_words=1)
    with pytest.raises(ValueError, match=r"^A job list must hold at least one job, not 0$"):
        cycles(geometry, [])


def test_rejects_job_beyond_geometry():
    geometry = Geometry(rows=1, lanes=1, weight_bus_bits=8, max_k=4, output_bus_words=1)
    with pytest.raises(ValueError, match=r"^k must be at most max_k \(4\), not 5$"):
        cycles(geometry, [Job(k=5, n=1)])


@pytest.mark.parametrize("words", [0, -1, True, 1.5])
def test_rejects_wrong_rate(words):
    with pytest.raises(TypeError, match=r"^words must be a positive integer, not "):
        WeightRate(words, 2)


def test_rejects_rate_above_one():
    with pytest.raises(
        ValueError, match=r"^A weight rate must be at most one word per cycle, not 3/2$"
    ):
        WeightRate(3, 2)
