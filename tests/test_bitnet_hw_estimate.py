"""Whole models on whole accelerators: sums by hand, and what must hold for all."""

import json
import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitnet_hw.config import load_config
from bitnet_hw.cycles import WeightRate, cycles
from bitnet_hw.energy_scopes import SCOPES
from bitnet_hw.errors import ConfigError
from bitnet_hw.estimate import estimate
from bitnet_hw.model import load_model
from rtl.job import Job
from tests.small_model import SMALL

MODEL_3B = load_model("bitnet-b1.58-3b")
EDGE = load_config("edge")


def small(changes=None, **step):
    return estimate(load_config("edge", changes), SMALL, **{"context": 64, **step})


@pytest.fixture(scope="module")
def decode_3b():
    return estimate(EDGE, MODEL_3B)


def test_bytes_of_3b(decode_3b):
    assert decode_3b.memory_bytes == {
        # 3,221,504,000 weights, five in a byte; no ragged tile at 16 x 20.
        "ternary_weights": 644_300_800,
        "embeddings": 204_800_000,
        "lm_head": 204_800_000,
        # 26 x (3200 + 3200 + 3200 + 8640) + 3200 weights.
        "norms": 954_880,
        # 512 x 26 x 2 x 3200 x 2 bytes.
        "kv_cache": 170_393_600,
    }
    assert decode_3b.dram_bytes == {
        "ternary_weights": 644_300_800,
        "lm_head": 204_800_000,
        "kv_cache": 170_393_600,
        "embedding": 6_400,
        "norms": 954_880,
    }
    assert decode_3b.bits_per_weight == 1.6


def test_energy_of_3b(decode_3b):
    energy = decode_3b.energy_j["nominal"]
    assert energy["dram_ternary_weights"] == pytest.approx(644_300_800 * 8 * 5e-12)
    assert energy["dram_lm_head"] == pytest.approx(8.192e-3)
    # 10,067,200 steps of 16 trees: 10 additions of 9 bits, 5 of 10, 2 of 11, 1 of 12, 1 of 13. With
    # a third of zeros, 1/9 of the first switch nothing, 1/81 of the second, 1/6561 of the third.
    pj = 10 * 0.00795833333 * 8 / 9 + 5 * 0.00891666667 * 80 / 81 + 2 * 0.009875 * 6560 / 6561
    pj += 0.01083333333 * (1 - 3**-16) + 0.01179166667
    assert energy["adder_tree"] == pytest.approx(10_067_200 * 16 * pj * 1e-12)
    # In each step 160 bits of activations and 16 x 101 of trees and sums; 640 for each tile.
    assert energy["registers"] == pytest.approx(10_067_200 * (160 + 16 * 101 + 640) * 0.975e-15)
    assert energy["dram_background"] == pytest.approx(decode_3b.seconds * 0.151)


def test_cycles_of_3b_are_those_of_the_groups(decode_3b):
    # 58.0244 GB/s of 64 GB/s: 0.906631 words each cycle.
    rate = WeightRate(670, 739)
    groups = [
        [Job(k=3200, n=3200)] * 3,
        [Job(k=3200, n=3200)],
        [Job(k=3200, n=8640)] * 2,
        [Job(k=8640, n=3200)],
    ]
    expected = 26 * sum(cycles(EDGE.array, jobs, rate).cycles for jobs in groups)
    assert decode_3b.ternary_cycles == expected
    assert decode_3b.bound == "weights"
    assert decode_3b.utilization < decode_3b.array_utilization < 0.9067


def test_tokens_per_second_of_3b(decode_3b):
    # 1,020,455,680 bytes at 58.0244 GB/s, and nothing overlaps between operators.
    floor = 1_020_455_680 / 58.0244e9
    assert floor < decode_3b.seconds < 1.01 * floor
    assert decode_3b.tokens_per_second == pytest.approx(56.64, abs=0.01)


def test_2b4t_is_limited_by_its_head():
    result = estimate(EDGE, load_model("bitnet-b1.58-2b-4t"))
    assert result.dram_bytes["lm_head"] == 656_670_720
    assert result.dram_bytes["lm_head"] > sum(result.dram_bytes.values()) / 2
    assert result.memory_bytes["lm_head"] == 0
    assert result.bound == "memory"


def test_rows_add_up(decode_3b):
    assert sum(row.cycles for row in decode_3b.operators) == decode_3b.cycles
    moved = sum(decode_3b.dram_bytes.values())
    assert sum(row.dram_bytes for row in decode_3b.operators) == moved
    energies = sum(row.energy_j for row in decode_3b.operators)
    drawn_anyway = sum(
        decode_3b.energy_j["nominal"][name]
        for name in ("dram_background", "array_leakage", "core_leakage")
    )
    assert energies + drawn_anyway == pytest.approx(decode_3b.step_energy_j())
    assert sum(decode_3b.bound_seconds.values()) == pytest.approx(decode_3b.seconds)


def test_prefill_reuses_weights():
    decode, prefill = small(), small(phase="prefill")
    assert prefill.tokens == 64
    # Eight tokens share a pass over the weights.
    assert prefill.dram_bytes["ternary_weights"] == 8 * decode.dram_bytes["ternary_weights"]
    assert prefill.tokens_per_second > decode.tokens_per_second
    assert prefill.energy_per_token_j < decode.energy_per_token_j
    assert prefill.comparisons == ()


def test_batch_reuses_weights():
    slow = {"memory.peak_gb_per_s": 1}
    one, eight = small(slow, batch=1), small(slow, batch=8)
    assert one.dram_bytes["ternary_weights"] == eight.dram_bytes["ternary_weights"]
    assert eight.dram_bytes["kv_cache"] == 8 * one.dram_bytes["kv_cache"]
    assert eight.tokens_per_second > 3 * one.tokens_per_second


def test_scopes(decode_3b):
    assert decode_3b.scopes == ("array", "core", "system")
    array, core, system = (decode_3b.step_energy_j(scope) for scope in decode_3b.scopes)
    assert 0 < array < core < system
    assert system == pytest.approx(sum(decode_3b.energy_j["nominal"].values()))
    assert decode_3b.energy_per_token_j == system


def test_range(decode_3b):
    low, nominal, high = (decode_3b.step_energy_j(edge=edge) for edge in ("low", "nominal", "high"))
    assert low < nominal < high
    most_zeros, fewest_zeros = decode_3b.step_energy_over_zeros_j("array")
    assert most_zeros < decode_3b.step_energy_j("array") < fewest_zeros


def test_board():
    board = small({"board.idle_w": 3.0})
    assert board.scopes == ("array", "core", "system", "board")
    assert board.step_energy_j("board") == pytest.approx(board.step_energy_j() + 3 * board.seconds)
    assert "board_idle" in board.to_dict()["energy_breakdown_j"]


def test_host():
    host = {"gmacs_per_second": 2, "energy_pj_per_mac": 100, "call_us": 5}
    result = small({"units.attention": "host", "host": host})
    [attention] = [row for row in result.operators if row.name == "attention"]
    assert attention.unit == "host"
    # In each of 2 layers 2 x 64 x 64 products and 64 x 4 scores of 7 operations, 0.5 ns each.
    work = 2 * 64 * 64 + 64 * 4 * 7
    assert attention.cycles == 2 * (work // 2 + 5000)
    assert result.energy_j["nominal"]["host"] == pytest.approx(2 * work * 100e-12)
    vector = small()
    assert result.dram_bytes == vector.dram_bytes


def test_ternary_head_runs_on_the_array():
    fp16, ternary = small(), small({"formats.lm_head": "ternary"})
    [head] = [row for row in ternary.operators if row.name == "lm_head"]
    assert head.unit == "array"
    # 500 x 64 weights in 4 x 32 tiles of 16 x 20, 64 bytes each.
    assert ternary.dram_bytes["lm_head"] == ternary.memory_bytes["lm_head"] == 4 * 32 * 64
    assert fp16.dram_bytes["lm_head"] == 64_000
    assert ternary.bits_per_weight == fp16.bits_per_weight


def test_int8_head_and_narrow_cache():
    result = small({"formats.lm_head": "int8", "formats.kv_cache_bits": 8})
    assert result.dram_bytes["lm_head"] == 32_000
    # 64 tokens x 2 layers x 2 x 32 channels.
    assert result.dram_bytes["kv_cache"] == result.memory_bytes["kv_cache"] == 8192


def test_chips_that_share_layers():
    one = small()
    two = small({"chips.tensor": 2})
    assert two.dram_bytes["ternary_weights"] == pytest.approx(
        one.dram_bytes["ternary_weights"], rel=0.2
    )
    assert two.chip_memory_bytes < 0.6 * one.chip_memory_bytes
    exchange = {row.name: row for row in two.operators}["sum_exchange"]
    # Twice in each layer 64 sums of 4 bytes; each of two chips sends 2 x 1/2 of them.
    assert (exchange.unit, exchange.runs) == ("link", 4)
    # 8 ns at 32 GB/s after 2 messages of 1 us.
    assert exchange.cycles == 4 * (8 + 2000)
    assert two.energy_j["nominal"]["link"] == pytest.approx(2 * 4 * (256 + 4) * 8 * 6e-12)


def test_pipeline_needs_a_batch():
    single, batch = {}, {}
    for stages in (1, 2):
        changes = {"chips.pipeline": stages, "array.max_tokens": 1}
        single[stages] = small(changes)
        batch[stages] = small(changes, batch=8)
    # One sequence passes the stages one after the other; eight keep both busy.
    assert single[2].cycles >= single[1].cycles
    assert 0.5 < batch[2].cycles / batch[1].cycles < 0.9
    assert single[2].step_energy_j() > single[1].step_energy_j()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"chips.tensor": 5},
            r"^chips\.tensor must be at most 4, the heads of small, not 5$",
        ),
        (
            {"chips.pipeline": 3},
            r"^chips\.pipeline must be at most 2, the layers of small, not 3$",
        ),
        (
            {"array.max_k": 100},
            r"^array\.max_k must be at least 160 for down_proj of small, not 100$",
        ),
        (
            {"units.attention": "host"},
            r"must be a file with a host, which units\.attention needs",
        ),
    ],
)
def test_what_does_not_fit(changes, message):
    with pytest.raises(ConfigError, match=message):
        small(changes)


def test_capacity():
    fits, too_small = (small({"memory.capacity_gb": gb}) for gb in (1.0, 1e-5))
    assert (fits.memory_fits, too_small.memory_fits) == (True, False)
    assert small().memory_fits


def test_roofline(decode_3b):
    rows = {row.name: row for row in decode_3b.operators}
    # Five weights in a byte, one multiply-accumulate for each.
    assert rows["o_proj"].macs_per_byte == 5
    assert rows["lm_head"].macs_per_byte == 0.5
    assert rows["residual"].macs_per_byte is None
    assert rows["o_proj"].macs_per_second < 5 * 58.0244e9


def test_ratios(decode_3b):
    ratios = decode_3b.ratios(decode_3b.baselines[0])
    assert decode_3b.baselines[0].name == "fp16"
    # Bytes of FP16 over ours: 6,818.2 MB / 1,020.5 MB moved, 7,024.0 MB / 1,225.2 MB stored.
    assert ratios["speed"] == pytest.approx(6.68, rel=0.01)
    assert ratios["memory"] == pytest.approx(5.73, abs=0.005)
    assert ratios["energy"] == pytest.approx(6.67, rel=0.01)
    assert [comparison.ours for comparison in decode_3b.comparisons] == [
        ratios["energy"],
        ratios["memory"],
        ratios["speed"],
    ]


def test_json_keys(decode_3b):
    report = json.loads(json.dumps(decode_3b.to_dict(), allow_nan=False))
    assert set(report) >= {
        *("model", "phase", "batch", "context", "scope", "cycles", "seconds_per_token"),
        *("tokens_per_second", "utilization", "bound", "energy_per_token_j"),
        *("energy_breakdown_j", "memory_bytes", "bits_per_weight", "layers"),
    }
    assert (report["model"], report["phase"], report["scope"]) == (
        "bitnet-b1.58-3b",
        "decode",
        "system",
    )
    assert sum(report["energy_breakdown_j"].values()) == pytest.approx(report["energy_per_token_j"])
    assert report["seconds_per_token"] * report["tokens_per_second"] == pytest.approx(1)
    assert set(report["layers"][0]) >= {"name", "cycles", "seconds", "dram_bytes", "energy_j"}
    assert all(source["source"] != "not stated" for source in report["sources"])
    assert report["energy_per_token_by_scope_j"]["system"] == report["energy_per_token_j"]


def test_breakdown_has_all_components_even_without_adders():
    report = small({"array.lanes": 1, "array.weight_bus_bits": 32}).to_dict()
    assert report["energy_breakdown_j"]["adder_tree"] == 0.0
    assert tuple(report["energy_breakdown_j"]) == SCOPES["system"]


@pytest.mark.parametrize(
    ("array", "model"),
    [
        ("edge", "bitnet-b1.58-700m"),
        ("edge", "bitnet-b1.58-1.3b"),
        ("large", "bitnet-b1.58-3.9b"),
        ("large", "bitnet-b1.58-70b"),
        ("large", "bitnet-b1.58-2b-4t"),
    ],
)
def test_every_preset(array, model):
    result = estimate(load_config(array), load_model(model))
    assert math.isfinite(result.energy_per_token_j)
    assert 0 < result.utilization <= 1
    # Padding is the only reason for more than 1.6 bits.
    assert 1.6 <= result.bits_per_weight < 1.61


def test_speed():
    estimate(EDGE, MODEL_3B)
    start = time.perf_counter()
    for _ in range(10):
        estimate(EDGE, MODEL_3B)
    assert (time.perf_counter() - start) / 10 < 0.02


RATES = st.floats(0.5, 500)


@settings(max_examples=60, deadline=None)
@given(RATES, RATES, st.sampled_from(["decode", "prefill"]), st.integers(1, 20))
def test_more_bandwidth_is_never_slower(one, other, phase, batch):
    slow, fast = (
        small({"memory.peak_gb_per_s": rate}, phase=phase, batch=batch)
        for rate in sorted((one, other))
    )
    assert fast.cycles <= slow.cycles
    assert fast.step_energy_j() <= slow.step_energy_j() * (1 + 1e-12)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 50), st.floats(0, 50), st.sampled_from(["decode", "prefill"]))
def test_dearer_bits_never_cost_less(one, other, phase):
    cheap, dear = (
        small({"memory.energy_pj_per_bit": energy}, phase=phase) for energy in sorted((one, other))
    )
    assert cheap.step_energy_j() <= dear.step_energy_j()
    assert cheap.cycles == dear.cycles


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 256), st.integers(1, 256), st.sampled_from(["decode", "prefill"]))
def test_longer_context_never_takes_less(one, other, phase):
    short, long = (small(context=context, phase=phase) for context in sorted((one, other)))
    assert short.cycles <= long.cycles
    assert short.step_energy_j() <= long.step_energy_j()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 16))
def test_more_reuse_never_moves_more(batch, max_tokens):
    some, more = (
        small({"array.max_tokens": tokens}, batch=batch) for tokens in (max_tokens, max_tokens + 1)
    )
    assert more.dram_bytes["ternary_weights"] <= some.dram_bytes["ternary_weights"]
    assert more.ternary_macs == some.ternary_macs == batch * SMALL.ternary_parameters
