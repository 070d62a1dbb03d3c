import gc

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bitnet_hw.cycles import CycleCount, WeightRate, cycles
from golden.matmul import ternary_matmul
from rtl.geometry import Geometry
from rtl.job import Job
from sim.errors import BenchFailed
from sim.rtl_matmul import RtlMatmul

GEOMETRY = Geometry(
    rows=4, lanes=8, weight_bus_bits=56, max_k=128, max_tokens=4, output_bus_words=4
)


@pytest.fixture(scope="module")
def matmul(build_root):
    return RtlMatmul(GEOMETRY, build_root=build_root)


def ternary_matrix(n, k, generator):
    return torch.randint(-1, 2, (n, k), dtype=torch.int8, generator=generator)


def test_by_hand(matmul):
    before = matmul.cycles
    q = torch.tensor([[-128, 127], [3, 4]], dtype=torch.int8)
    ternary = torch.tensor([[-1, 1], [1, 0], [0, 0]], dtype=torch.int8)
    sums = matmul(q, ternary)
    assert sums.dtype == torch.int32
    assert sums.tolist() == [[255, -128, 0], [1, 3, 0]]
    assert matmul.calls[-1] == (Job(k=2, n=3, m=2),)
    # Command in 0, first step in 3, two steps, three registers in the pipeline.
    assert matmul.cycles - before == 4 + 1 + GEOMETRY.result_latency


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(m=st.integers(1, 11), k=st.integers(1, 40), n=st.integers(1, 30), seed=st.integers(0, 2**31))
def test_equals_golden_and_the_cycle_model(matmul, m, k, n, seed):
    generator = torch.Generator().manual_seed(seed)
    q = torch.randint(-128, 128, (m, k), dtype=torch.int8, generator=generator)
    ternary = ternary_matrix(n, k, generator)
    before, calls = dict(matmul.counters), len(matmul.calls)
    assert torch.equal(matmul(q, ternary), ternary_matmul(q, ternary))
    (jobs,) = matmul.calls[calls:]
    assert [job.m for job in jobs] == [4] * (m // 4) + [m % 4] * (m % 4 > 0)
    assert matmul.jobs[-len(jobs) :] == list(jobs)
    measured = {name: value - before[name] for name, value in matmul.counters.items()}
    assert CycleCount(**measured) == cycles(GEOMETRY, jobs)


def test_weight_rate(build_root):
    slow = RtlMatmul(GEOMETRY, rate=(2, 7), build_root=build_root)
    generator = torch.Generator().manual_seed(1)
    q = torch.randint(-128, 128, (2, 60), dtype=torch.int8, generator=generator)
    slow(q, ternary_matrix(40, 60, generator))
    (jobs,) = slow.calls
    assert CycleCount(**slow.counters) == cycles(GEOMETRY, jobs, WeightRate(2, 7))
    assert slow.counters["weight_wait"] > 0
    assert slow.geometry == GEOMETRY


def test_weights_are_packed_once_while_they_stay_as_they_are(build_root, monkeypatch):
    own = RtlMatmul(GEOMETRY, build_root=build_root)
    packed = []
    pack = own._model.pack_weights
    monkeypatch.setattr(own._model, "pack_weights", lambda w: packed.append(w.copy()) or pack(w))
    q = torch.ones(1, 8, dtype=torch.int8)
    ternary = torch.ones(4, 8, dtype=torch.int8)
    assert own(q, ternary).tolist() == own(q, ternary).tolist() == [[8] * 4]
    assert len(packed) == 1
    ternary[0] = -1
    assert own(q, ternary).tolist() == [[-8, 8, 8, 8]]
    assert len(packed) == 2
    del ternary
    gc.collect()
    assert own._packed == {}
    # A new tensor may get the address of the old one.
    for value in (0, 1, -1):
        assert own(q, torch.full((4, 8), value, dtype=torch.int8)).tolist() == [[8 * value] * 4]


def test_weights_made_in_inference_mode(matmul):
    q = torch.ones(1, 8, dtype=torch.int8)
    with torch.inference_mode():
        ternary = torch.ones(4, 8, dtype=torch.int8)
        assert matmul(q, ternary).tolist() == [[8] * 4]
        ternary[0] = -1
        assert matmul(q, ternary).tolist() == [[-8, 8, 8, 8]]


def test_any_memory_layout(matmul):
    generator = torch.Generator().manual_seed(2)
    q = torch.randint(-128, 128, (20, 5), dtype=torch.int8, generator=generator).T
    ternary = ternary_matrix(20, 9, generator).T
    assert torch.equal(matmul(q, ternary), ternary_matmul(q, ternary))


def test_no_tokens(matmul):
    calls = len(matmul.calls)
    sums = matmul(torch.zeros(0, 5, dtype=torch.int8), torch.zeros(3, 5, dtype=torch.int8))
    assert sums.dtype == torch.int32
    assert list(sums.shape) == [0, 3]
    assert len(matmul.calls) == calls


def test_wrong_operands(matmul):
    q, ternary = torch.zeros(2, 5, dtype=torch.int8), torch.zeros(3, 5, dtype=torch.int8)
    with pytest.raises(TypeError, match=r"^q must be int8, not torch.float32$"):
        matmul(q.float(), ternary)
    with pytest.raises(TypeError, match=r"^q must have 2 dimensions, not 3$"):
        matmul(q[None], ternary)
    with pytest.raises(ValueError, match=r"^ternary must be -1, 0 or \+1, not from 0 to 2$"):
        matmul(q, ternary + 2 * torch.eye(3, 5, dtype=torch.int8))
    with pytest.raises(ValueError, match=r"^k must be at most max_k \(128\), not 129$"):
        matmul(torch.zeros(1, 129, dtype=torch.int8), torch.zeros(3, 129, dtype=torch.int8))


def test_hardware_that_hangs(build_root, monkeypatch):
    monkeypatch.setattr("sim.compiled._cycle_limit", lambda *_: 6)
    own = RtlMatmul(GEOMETRY, build_root=build_root)
    with pytest.raises(BenchFailed, match=r"^The accelerator did not finish in 6 cycles: "):
        own(torch.zeros(1, 8, dtype=torch.int8), torch.zeros(4, 8, dtype=torch.int8))
    assert own.cycles == 0
    assert own.calls == []


def test_numpy_and_torch_agree_on_extremes(matmul):
    q = torch.full((4, 128), -128, dtype=torch.int8)
    ternary = torch.tensor([[1], [-1]], dtype=torch.int8).expand(2, 128)
    assert matmul(q, ternary).tolist() == [[-128 * 128, 128 * 128]] * 4
    assert np.array_equal(matmul(q, ternary).numpy(), ternary_matmul(q, ternary).numpy())
