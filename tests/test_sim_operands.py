import numpy as np
import pytest

from rtl.geometry import Geometry
from rtl.job import Job
from sim.operands import JobOperands, draw_job, load_operands, save_operands

GEOMETRY = Geometry(rows=4, lanes=5, weight_bus_bits=16, max_k=12, max_tokens=3, output_bus_words=2)


def test_job_of_operands():
    operands = JobOperands(np.zeros((2, 7), np.int8), np.ones((3, 7), np.int8), flags=9)
    assert operands.job == Job(k=7, n=3, m=2, flags=9)


def test_operands_must_be_int8_matrices_of_equal_inputs():
    ones = np.ones((2, 2), np.int8)
    with pytest.raises(
        TypeError, match=r"^activations must be an int8 matrix, not float64 of shape \(2, 2\)$"
    ):
        JobOperands(ones.astype(float), ones)
    with pytest.raises(
        TypeError, match=r"^weights must be an int8 matrix, not int8 of shape \(2,\)$"
    ):
        JobOperands(ones, ones[0])
    with pytest.raises(ValueError, match=r"^activations must have 3 inputs like weights, not 2$"):
        JobOperands(ones, np.ones((2, 3), np.int8))


def test_drawn_operands_reach_the_extremes():
    rng = np.random.default_rng(1)
    job = Job(k=5, n=3, m=2)
    drawn = [JobOperands.random(job, rng) for _ in range(100)]
    assert all(item.job == job for item in drawn)
    assert all(set(np.unique(item.weights)) <= {-1, 0, 1} for item in drawn)
    sums = [item.activations.astype(int) @ item.weights.T for item in drawn]
    assert max(map(np.max, sums)) == 128 * job.k
    assert min(map(np.min, sums)) == -128 * job.k


def test_drawn_jobs_fit_and_reach_the_limits():
    rng = np.random.default_rng(1)
    jobs = [draw_job(GEOMETRY, rng) for _ in range(300)]
    for job in jobs:
        job.check(GEOMETRY)
    assert {job.k for job in jobs} == set(range(1, 13))
    assert {job.n for job in jobs} == set(range(1, 13))
    assert {job.m for job in jobs} == {1, 2, 3}


def test_files_keep_everything(tmp_path):
    rng = np.random.default_rng(1)
    operands = [JobOperands.random(Job(k=3, n=2, m=1, flags=flags), rng) for flags in (0, 255)]
    save_operands(tmp_path / "jobs.npz", operands)
    loaded = load_operands(tmp_path / "jobs.npz")
    assert [item.flags for item in loaded] == [0, 255]
    for item, original in zip(loaded, operands, strict=True):
        assert (item.activations == original.activations).all()
        assert (item.weights == original.weights).all()
