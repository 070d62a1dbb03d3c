"""Single operators: time, bytes, energy, and the chips that share one."""

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.cycles import WeightRate, cycles
from bitnet_hw.operator_estimate import estimate_operator, total
from bitnet_hw.operators import LinkOperator, TernaryOperator, VectorOperator
from rtl.job import Job

FULL_RATE = WeightRate(1, 1)
# 3 x 2 tiles of 16 x 20, three tokens, on five layers.
TERNARY = TernaryOperator(name="o_proj", jobs=(Job(k=60, n=32, m=3),), repeat=5)
# 640 products and 65 additions, 128 bytes; twice.
VECTOR = VectorOperator(
    name="attention", repeat=2, macs=640, adds=65, dram_bytes={"kv_cache": 100, "norms": 28}
)
# 64 bytes in each cycle of 1 ns, all of which arrive.
MEMORY = {"peak_gb_per_s": 64, "energy_pj_per_bit": 5}
HOST = {"gmacs_per_second": 2, "energy_pj_per_mac": 100, "call_us": 1}


def run(operator, changes=None, rate=FULL_RATE):
    config = load_config("edge", {"memory": MEMORY, **(changes or {})})
    return estimate_operator(config, operator, rate)


def test_ternary():
    row, ledger = run(TERNARY)
    array = load_config("edge").array
    assert (row.name, row.unit, row.runs, row.bound) == ("o_proj", "array", 5, "compute")
    assert row.cycles == 5 * cycles(array, TERNARY.jobs, FULL_RATE).cycles
    assert row.seconds == row.cycles / 1e9
    assert row.macs == 5 * 60 * 32 * 3
    assert row.dram_bytes == 5 * 6 * 64
    assert row.macs_per_byte == 28_800 / 1920
    assert ledger.counts["weight_decoder"].popitem()[1] == 5 * 6 * 320


def test_ternary_waits_for_its_weights():
    row, _ = run(TERNARY, rate=WeightRate(1, 8))
    assert row.bound == "weights"
    assert row.cycles > run(TERNARY)[0].cycles


def test_vector():
    row, _ = run(VECTOR)
    # 640 / 64 + ceil(65 / 64) cycles of computing, 2 of transfer.
    assert (row.unit, row.cycles, row.bound) == ("vector", 2 * 12, "compute")
    assert (row.macs, row.dram_bytes) == (1280, 256)
    # A product 0.34 pJ, an addition 0.16 pJ, a bit 5 pJ.
    pj = 640 * 0.34 + (640 + 65) * 0.16 + 128 * 8 * 5
    assert row.energy_j == pytest.approx(2 * pj * 1e-12)


def test_int8_products_cost_less():
    row, _ = run(VectorOperator(name="lm_head", repeat=1, macs=1000, number="int8"))
    # 0.07 pJ, and 0.03 pJ for an addition of 32 bits.
    assert row.energy_j == pytest.approx(100e-12)


def test_host():
    row, _ = run(VECTOR, {"units.attention": "host", "host": HOST})
    # 705 operations of 0.5 ns after a call of 1 us.
    assert (row.unit, row.cycles) == ("host", 2 * (1000 + 353))
    assert row.energy_j == pytest.approx(2 * (705 * 100 + 128 * 8 * 5) * 1e-12)


def test_link():
    row, _ = run(LinkOperator(name="sum_exchange", repeat=3, link_bytes=320, messages=2))
    # 320 bytes at 32 GB/s after two messages of 1 us.
    assert (row.unit, row.cycles, row.bound) == ("link", 3 * (2000 + 10), "link")
    assert (row.macs, row.dram_bytes, row.macs_per_byte) == (0, 0, None)
    assert row.energy_j == pytest.approx(3 * 320 * 8 * 6e-12)


def test_chips_that_share_a_layer_do_the_same_at_once():
    for operator in (TERNARY, VECTOR):
        one, two = (run(operator, {"chips.tensor": chips})[0] for chips in (1, 2))
        assert two.cycles == one.cycles
        assert two.macs == 2 * one.macs
        assert two.dram_bytes == 2 * one.dram_bytes
        assert two.energy_j == pytest.approx(2 * one.energy_j)


def test_total_has_the_bound_of_the_longest():
    slow = run(VectorOperator(name="norms", repeat=1, adds=64, dram_bytes={"norms": 6400}))[0]
    fast = run(VectorOperator(name="norms", repeat=2, adds=640))[0]
    assert (slow.cycles, slow.bound) == (100, "memory")
    assert (fast.cycles, fast.bound) == (20, "compute")
    both = total([fast, slow])
    assert (both.runs, both.cycles, both.dram_bytes, both.bound) == (3, 120, 6400, "memory")
    assert both.energy_j == fast.energy_j + slow.energy_j


def test_rows_of_a_report():
    report = run(VECTOR)[0].to_dict()
    assert report["macs_per_byte"] == 5
    assert report["macs_per_second"] == pytest.approx(1280 / 24e-9)
    assert set(report) >= {"name", "unit", "runs", "cycles", "seconds", "energy_j", "bound"}
