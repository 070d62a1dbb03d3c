"""The compiled accelerator against the golden model and the cycle model."""

import dataclasses
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bitnet_hw.cycles import CycleCount, WeightRate, cycles
from rtl.geometry import Geometry
from rtl.job import Job
from rtl.trit import pack_word
from sim.compiled import CompiledModel
from sim.compiled_build import build_library
from sim.errors import BenchFailed, SimulatorMissing
from sim.operands import JobOperands, draw_job
from sim.packing import pack_activations, pack_weights

SMALL = Geometry(rows=4, lanes=5, weight_bus_bits=16, max_k=14, max_tokens=3, output_bus_words=3)
OTHERS = [
    # A single lane and row, no tree; results and commands that fit one integer.
    Geometry(
        rows=1, lanes=1, weight_encoding="trit2", weight_bus_bits=8, max_k=9, max_tokens=1,
        output_bus_words=1,
    ),
    Geometry(
        rows=5, lanes=16, weight_encoding="trit2", weight_bus_bits=72, max_k=70, max_tokens=8,
        output_bus_words=2, tree_register_every=1,
    ),
    Geometry(
        rows=16, lanes=20, weight_bus_bits=512, max_k=200, max_tokens=8, output_bus_words=4,
        tree_register_every=3,
    ),
    Geometry(
        rows=7, lanes=3, weight_bus_bits=48, max_k=30, max_tokens=5, output_bus_words=7,
        tree_register_every=4,
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def library(build_root):
    return build_library(SMALL, root=build_root)


@pytest.fixture(scope="module")
def model(library):
    compiled = CompiledModel(SMALL, library)
    yield compiled
    compiled.close()


def run(model, operands, *, rng=None, **settings):
    return model.run(
        [item.job for item in operands],
        [pack_weights(model.geometry, item.weights, rng) for item in operands],
        [pack_activations(model.geometry, item.activations, rng) for item in operands],
        **settings,
    )


def check(model, operands, rate, rng=None):
    result = run(model, operands, rate=rate, rng=rng)
    for item, matrix in zip(operands, result.matrices(), strict=True):
        expected = item.activations.astype(np.int32) @ item.weights.astype(np.int32).T
        assert matrix.dtype == np.int32
        assert matrix.tolist() == expected.tolist()
    predicted = cycles(model.geometry, result.jobs, WeightRate(*rate))
    assert CycleCount(**result.counters) == predicted
    assert result.last_beat == predicted.cycles
    assert not result.illegal_code


def check_many(model, count, seed=1):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        operands = [
            JobOperands.random(draw_job(model.geometry, rng), rng)
            for _ in range(rng.integers(1, 6))
        ]
        numerator = int(rng.integers(1, 9))
        check(model, operands, (numerator, numerator + int(rng.integers(0, 9))), rng)


def test_by_hand(model):
    operands = JobOperands(
        np.array([[-128, 127], [3, 4]], np.int8), np.array([[-1, 1], [1, 0], [0, 0]], np.int8), 0xA5
    )
    result = run(model, [operands])
    assert result.stream.tolist() == [255, -128, 0, 1, 3, 0]
    assert [matrix.tolist() for matrix in result.matrices()] == [[[255, -128, 0], [1, 3, 0]]]
    assert result.jobs == (Job(k=2, n=3, m=2, flags=0xA5),)
    # Command in 0, first of two words of weights in 0; the array steps in 3 and 4.
    assert result.counters["busy"] == 2
    assert result.counters["cycles"] == result.last_beat


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    jobs=st.lists(
        st.builds(
            Job,
            k=st.integers(1, SMALL.max_k),
            n=st.integers(1, 14),
            m=st.integers(1, SMALL.max_tokens),
            flags=st.integers(0, 255),
        ),
        min_size=1,
        max_size=8,
    ),
    rate=st.tuples(st.integers(1, 30), st.integers(1, 30)).map(lambda pair: tuple(sorted(pair))),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_jobs_at_any_rate(model, jobs, rate, seed):
    rng = np.random.default_rng(seed)
    check(model, [JobOperands.random(job, rng) for job in jobs], rate, rng)


def test_many_job_lists(model):
    check_many(model, 300)


@pytest.mark.long
@pytest.mark.parametrize("geometry", OTHERS, ids=lambda item: f"{item.rows}x{item.lanes}")
def test_other_geometries(geometry, build_root):
    check_many(CompiledModel(geometry, build_library(geometry, root=build_root)), 200)


def test_a_run_leaves_no_trace_in_the_next(model):
    rng = np.random.default_rng(5)
    operands = [JobOperands.random(draw_job(SMALL, rng), rng) for _ in range(3)]
    first = run(model, operands)
    with pytest.raises(BenchFailed):
        run(model, operands, cycle_limit=9)
    again = run(model, operands)
    assert again.stream.tolist() == first.stream.tolist()
    assert again.counters == first.counters


def test_models_run_in_threads_of_their_own(library):
    def work(seed):
        own = CompiledModel(SMALL, library)
        check_many(own, 40, seed)
        finished.append(seed)

    finished = []
    threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(finished) == [1, 2, 3]


def test_an_illegal_code_counts_as_zero(model):
    weights = np.ones((2, 5), np.int8)
    words = pack_weights(SMALL, weights).copy()
    words[0, 0] = 0xFF
    activations = pack_activations(SMALL, np.array([[1, 2, 3, 4, 5]], np.int8))
    result = model.run([Job(k=5, n=2)], [words], [activations])
    assert result.illegal_code
    assert result.stream.tolist() == [0, 15]


def test_poll_is_told_the_cycles(model):
    rng = np.random.default_rng(6)
    operands = [JobOperands.random(Job(k=14, n=2000, m=3), rng)] * 2
    seen = []
    run(model, operands, poll=seen.append)
    assert len(seen) > 1
    assert seen == sorted(seen)

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(model, operands, poll=interrupt)


@pytest.mark.parametrize("encoding", ["trit2", "trit5"])
def test_packing_is_that_of_pack_word(library, encoding):
    # The compiled packer takes any sizes: only its table depends on the geometry.
    rng = np.random.default_rng(7)
    for _ in range(30):
        geometry = Geometry(
            rows=int(rng.integers(1, 9)),
            lanes=int(rng.integers(1, 30)),
            weight_encoding=encoding,
            weight_bus_bits=8 * int(rng.integers(1, 20)),
            max_k=1000,
            output_bus_words=1,
        )
        packer = CompiledModel(geometry, library)
        n, k = int(rng.integers(1, 40)), int(rng.integers(1, 70))
        weights = rng.integers(-1, 2, (n, k), np.int8)
        packed = packer.pack_weights(weights)
        assert packed.tolist() == pack_weights(geometry, weights).tolist()
        bits = geometry.weight_bus_bits
        first = np.zeros((geometry.rows, geometry.lanes), np.int64)
        first[: min(n, geometry.rows), : min(k, geometry.lanes)] = weights[
            : geometry.rows, : geometry.lanes
        ]
        trits = first.reshape(-1)[: geometry.word_trits].tolist()
        assert int.from_bytes(packed[0].tobytes(), "little") == pack_word(
            trits, encoding=encoding, bits=bits
        )


def test_packing_takes_any_memory_layout(model):
    weights = np.random.default_rng(8).integers(-1, 2, (14, 9), np.int8)
    assert model.pack_weights(weights.T).tolist() == pack_weights(SMALL, weights.T).tolist()


@pytest.mark.parametrize("wrong", [-2, 2, 127, -128])
def test_packing_refuses_what_is_not_ternary(model, wrong):
    weights = np.zeros((6, 7), np.int8)
    weights[5, 6] = wrong
    low, high = min(wrong, 0), max(wrong, 0)
    with pytest.raises(
        ValueError, match=rf"^Weights must be -1, 0 or \+1, not from {low} to {high}$"
    ):
        model.pack_weights(weights)


def test_a_design_that_hangs(model):
    rng = np.random.default_rng(9)
    operands = [JobOperands.random(Job(k=14, n=8, m=2), rng)]
    with pytest.raises(
        BenchFailed,
        match=r"^The accelerator did not finish in 10 cycles: 0 jobs complete, 0 results$",
    ):
        run(model, operands, cycle_limit=10)


def test_wrong_requests(model, library):
    rng = np.random.default_rng(10)
    good = JobOperands.random(Job(k=5, n=4), rng)
    words, activations = (
        pack_weights(SMALL, good.weights),
        pack_activations(SMALL, good.activations),
    )
    for job, message in (
        (Job(k=15, n=4), r"^k must be at most max_k \(14\), not 15$"),
        (Job(k=5, n=4, m=4), r"^m must be at most max_tokens \(3\), not 4$"),
        (
            Job(k=5, n=5),
            r"^weights of a job must be uint8 of shape \(4, 2\), not uint8 of shape \(2, 2\)$",
        ),
        (
            Job(k=5, n=4, m=2),
            r"^activations of a job must be uint8 of shape \(2, 5\), not uint8 of shape \(1, 5\)$",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            model.run([job], [words], [activations])
    with pytest.raises(ValueError, match=r"^A simulation must have at least one job$"):
        model.run([], [], [])
    with pytest.raises(
        ValueError, match=r"^weights and activations must be given for 1 jobs, not 2 and 1$"
    ):
        model.run([good.job], [words, words], [activations])
    for rate in ((0, 1), (3, 2), (1, 10**10)):
        with pytest.raises(
            ValueError,
            match=r"^rate must be words and cycles, at most one word per cycle, not \(\d",
        ):
            model.run([good.job], [words], [activations], rate=rate)
    closed = CompiledModel(SMALL, library)
    closed.close()
    with pytest.raises(ValueError, match=r"^A model that has been closed cannot run$"):
        run(closed, [good])


def test_without_a_compiler(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    geometry = dataclasses.replace(SMALL, rows=3)
    with pytest.raises(
        SimulatorMissing, match=r"^Simulating with verilator needs the program g\+\+"
    ):
        build_library(geometry, root=tmp_path)
    assert not list(tmp_path.glob("bitnet-hw-scratch-*"))


def test_a_build_is_found_again(library, build_root, monkeypatch):
    monkeypatch.setattr("sim.compiled_build.emit", None)
    assert build_library(SMALL, root=build_root) == library
