"""Random products on the compiled accelerator: right ones pass, wrong ones and slow ones do not."""

import time

import numpy as np
import pytest

from rtl.geometry import Geometry
from rtl.job import Job
from sim import compiled_check
from sim.compiled import CompiledModel
from sim.compiled_build import build_library
from sim.compiled_check import check_products
from sim.errors import BenchFailed, SimulationTimedOut

TINY = Geometry(
    rows=4,
    lanes=8,
    weight_encoding="trit2",
    weight_bus_bits=64,
    max_tokens=2,
    max_k=64,
    output_bus_words=2,
)
PRODUCTS = [(5, 20, 9), (1, 64, 4)]


@pytest.fixture(scope="module")
def root(build_root):
    build_root.mkdir(parents=True, exist_ok=True)
    build_library(TINY, root=build_root)
    return build_root


@pytest.mark.long
class TestCheckProducts:
    def test_every_output_is_compared(self, root):
        found = check_products(TINY, PRODUCTS, build_root=root)
        assert found.jobs == (
            *(Job(k=20, n=9, m=2), Job(k=20, n=9, m=2), Job(k=20, n=9, m=1)),
            Job(k=64, n=4, m=1),
        )
        assert (found.outputs_checked, found.mismatches, found.message) == (5 * 9 + 4, 0, "")
        assert found.cycles_measured == found.counters["cycles"] > found.counters["busy"] > 0
        assert found.seconds > 0

    def test_the_rate_of_the_weights_counts(self, root):
        fast = check_products(TINY, PRODUCTS, build_root=root)
        slow = check_products(TINY, PRODUCTS, rate=(1, 9), build_root=root)
        assert slow.mismatches == 0
        assert slow.counters["weight_wait"] > fast.counters["weight_wait"]

    def test_a_wrong_weight_is_found(self, root, monkeypatch):
        pack = CompiledModel.pack_weights

        def wrong(model, weights):
            weights = weights.copy()
            weights[3] = -weights[3]
            return pack(model, weights)

        monkeypatch.setattr(CompiledModel, "pack_weights", wrong)
        found = check_products(TINY, PRODUCTS[:1], build_root=root)
        assert 0 < found.mismatches <= 5
        assert found.message.startswith("Output 3 of token 0 in product 0 must be ")

    def test_an_illegal_code_is_found(self, root, monkeypatch):
        def all_ones(model, weights):
            return np.full_like(pack(model, weights), 0xFF)

        pack = CompiledModel.pack_weights
        monkeypatch.setattr(CompiledModel, "pack_weights", all_ones)
        with pytest.raises(BenchFailed, match="must not meet an illegal weight code"):
            check_products(TINY, PRODUCTS, build_root=root)

    def test_the_time_is_limited(self, root):
        with pytest.raises(SimulationTimedOut, match=r"^Building and simulating took .* 1e-06 s$"):
            check_products(TINY, PRODUCTS, build_root=root, timeout_s=1e-6)

    def test_the_time_of_the_build_is_limited(self, tmp_path):
        started = time.monotonic()
        with pytest.raises(SimulationTimedOut, match=r"^Building and simulating took .* 0\.5 s$"):
            check_products(TINY, PRODUCTS, build_root=tmp_path, timeout_s=0.5)
        assert time.monotonic() - started < 60
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("products", [[(1, 65, 4)], [(0, 8, 4)], []])
def test_what_does_not_fit_is_not_built(products, monkeypatch):
    monkeypatch.setattr(compiled_check, "build_library", lambda *_, **__: 1 / 0)
    with pytest.raises((TypeError, ValueError)):
        check_products(TINY, products)
