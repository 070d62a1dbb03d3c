"""Multiplier arrays, against sums worked out by hand."""

import pytest

from bitnet_hw.area import chip_area_mm2
from bitnet_hw.baseline import BASELINES, estimate_baseline
from bitnet_hw.config import load_config
from bitnet_hw.estimate import estimate
from bitnet_hw.model import load_model
from bitnet_hw.workload import build_workload

MODEL = load_model("bitnet-b1.58-3b")
FP16, INT8, FP16_SAME_AREA, INT8_SAME_AREA = BASELINES


def run(arithmetic, changes=None, **step):
    config = load_config("edge", changes)
    step = {"phase": "decode", "batch": 1, "context": 512, **step}
    workload = build_workload(MODEL, max_tokens=config.array.max_tokens, **step)
    return estimate_baseline(
        config, MODEL, workload, arithmetic, step["phase"], chip_area_mm2(config)
    )


def test_fp16_energy():
    baseline = run(FP16)
    energy = baseline.energy_breakdown_j
    # 3,221,504,000 weights of 16 bits at 5 pJ each.
    assert energy["dram_weights"] == pytest.approx(3_221_504_000 * 16 * 5e-12)
    # No padding on this array: one multiplication of 0.34 pJ and one addition of 0.16 pJ for each.
    assert energy["multipliers"] == pytest.approx(3_221_504_000 * 0.34e-12)
    assert energy["adders"] == pytest.approx(3_221_504_000 * 0.16e-12)
    assert energy["dram_lm_head"] == pytest.approx(204_800_000 * 8 * 5e-12)
    assert energy["dram_background"] == pytest.approx(baseline.seconds * 0.151)
    assert baseline.energy_j == sum(energy.values())


def test_fp16_scopes():
    baseline = run(FP16)
    energy = baseline.energy_breakdown_j
    array = energy["multipliers"] + energy["adders"]
    assert baseline.scope_energy_j("array") == array
    rest = ("activation_store", "result_buffer", "vector_unit")
    core = array + sum(energy[name] for name in rest)
    assert baseline.scope_energy_j("core") == pytest.approx(core)
    assert baseline.scope_energy_j("system") == baseline.energy_j


def test_fp16_time_is_its_bytes_over_the_bandwidth():
    baseline = run(FP16)
    moved = 6_443_008_000 + 204_800_000 + 512 * 332_800
    assert baseline.seconds == pytest.approx(moved / 58.0244e9, rel=1e-2)
    assert baseline.seconds > moved / 58.0244e9


def test_fp16_memory():
    baseline = run(FP16)
    # All parameters in 2 bytes, and the cache of 512 tokens.
    assert baseline.memory_bytes == 2 * MODEL.parameters + 512 * 332_800


def test_int8():
    fp16 = run(FP16)
    int8 = run(INT8)
    energy = int8.energy_breakdown_j
    assert energy["dram_weights"] == pytest.approx(3_221_504_000 * 8 * 5e-12)
    assert energy["multipliers"] == pytest.approx(3_221_504_000 * 0.07e-12)
    # Per 20 products: adders of 17, 18, 19, 20 and 21 bits, and one of 32 for the sum.
    pj = {bits: 0.007 + 0.023 * (bits - 8) / 24 for bits in (17, 18, 19, 20, 21, 32)}
    tree = 10 * pj[17] + 5 * pj[18] + 2 * pj[19] + pj[20] + pj[21] + pj[32]
    assert energy["adders"] == pytest.approx(3_221_504_000 / 20 * tree * 1e-12)
    assert fp16.memory_bytes - int8.memory_bytes == 3_221_504_000
    # Activations of a byte take half of the store.
    assert energy["activation_store"] < fp16.energy_breakdown_j["activation_store"] / 2


def test_enough_bandwidth_leaves_the_array_as_the_limit():
    memory = {"peak_gb_per_s": 1e6, "energy_pj_per_bit": 5}
    baseline = run(FP16, {"memory": memory})
    macs = 3_221_504_000 + 102_400_000 + 26 * 2 * 512 * 3200
    assert baseline.cycles == pytest.approx(macs / 320, rel=1e-2)


def test_weights_stream_once_for_each_chunk_of_tokens():
    one = run(FP16, batch=1)
    eight = run(FP16, batch=8)
    nine = run(FP16, batch=9)
    dram = [baseline.energy_breakdown_j["dram_weights"] for baseline in (one, eight, nine)]
    assert dram == pytest.approx([dram[0], dram[0], 2 * dram[0]])


AREAS = {
    "int_add_per_bit": 1,
    "register_per_bit": 10,
    "lane_select_per_bit": 100,
    "trit_decode_per_weight": 1000,
    "int8_multiply": 36,
    "fp16_add": 3,
    "fp16_multiply": 4,
    "sram_per_bit": 0.5,
}


@pytest.mark.parametrize(
    ("arithmetic", "macs_per_cycle"),
    [
        (FP16, 320),
        (INT8, 320),
        # 628,144 um2, worked out in test_bitnet_hw_area.py, in multiply-accumulates of 4 + 3 um2.
        (FP16_SAME_AREA, 89_734),
        # Of 36 um2 and 32 bits of adders.
        (INT8_SAME_AREA, 9237),
    ],
)
def test_multipliers_in_the_same_area(arithmetic, macs_per_cycle):
    baseline = run(arithmetic, {"technology.area_um2": AREAS})
    assert baseline.name == arithmetic.label
    assert baseline.macs_per_cycle == macs_per_cycle


def test_the_same_area_holds_fewer_multipliers_than_lanes():
    # 4718 um2 at 7 nm: FP16 multiply-accumulates of 100.9 um2, INT8 ones of 58.3.
    assert [run(arithmetic).macs_per_cycle for arithmetic in BASELINES] == [320, 320, 46, 80]


def test_the_same_area_costs_time_not_arithmetic():
    memory = {"peak_gb_per_s": 1e6, "energy_pj_per_bit": 5}
    equal, same = (run(arithmetic, {"memory": memory}) for arithmetic in (INT8, INT8_SAME_AREA))
    # 10,067,200 steps of 320 products, on the multipliers that there are.
    steps = 10_067_200
    assert equal.cycles > steps
    rest = equal.cycles - steps
    assert same.cycles - rest == pytest.approx(steps * 320 / same.macs_per_cycle, rel=1e-3)
    for component in ("multipliers", "adders", "dram_weights"):
        assert same.energy_breakdown_j[component] == equal.energy_breakdown_j[component]
    assert same.memory_bytes == equal.memory_bytes


def test_a_same_area_array_needs_no_more_bandwidth():
    # Weights of 16 bits at 58 GB/s keep 29 multipliers busy.
    assert run(FP16_SAME_AREA).cycles == pytest.approx(run(FP16).cycles, rel=0.01)


def test_chips_share_the_work_of_a_baseline():
    model = load_model("bitnet-b1.58-3b")
    one = estimate(load_config("edge"), model).baselines[0]
    two = estimate(load_config("edge", {"chips.tensor": 2}), model).baselines[0]
    assert two.cycles < 0.55 * one.cycles
    assert two.energy_breakdown_j["dram_weights"] == one.energy_breakdown_j["dram_weights"]
    assert two.energy_breakdown_j["link"] > 0
