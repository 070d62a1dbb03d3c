import pytest

from rtl.geometry import Geometry
from rtl.job import Job

GEOMETRY = Geometry(rows=4, lanes=5, weight_bus_bits=32, max_tokens=2, max_k=40, output_bus_words=3)


def test_counts():
    job = Job(k=11, n=9, m=2)
    assert job.macs == 198
    assert job.tiles(GEOMETRY) == 9
    assert job.steps(GEOMETRY) == 18


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"k": 0, "n": 1}, r"^k must be an integer from 1 to 1048576, not 0$"),
        ({"k": 1, "n": "3"}, r"^n must be an integer from 1 to 16777215, not '3'$"),
        ({"k": 1, "n": 1, "m": True}, r"^m must be an integer from 1 to 1048576, not True$"),
        ({"k": 1, "n": 1, "flags": 256}, r"^flags must be an integer from 0 to 255, not 256$"),
    ],
)
def test_rejects_wrong_field(fields, message):
    with pytest.raises(TypeError, match=message):
        Job(**fields)


def test_rejects_what_the_geometry_cannot_hold():
    with pytest.raises(ValueError, match=r"^k must be at most max_k \(40\), not 41$"):
        Job(k=41, n=1).check(GEOMETRY)
    with pytest.raises(ValueError, match=r"^m must be at most max_tokens \(2\), not 3$"):
        Job(k=1, n=1, m=3).check(GEOMETRY)


def test_accepts_the_largest_of_everything():
    job = Job(k=1048576, n=16777215, m=1048576, flags=255)
    assert (job.k, job.n, job.m, job.flags) == (1048576, 16777215, 1048576, 255)
    Job(k=40, n=1, m=2).check(GEOMETRY)
