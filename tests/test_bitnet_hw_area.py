"""Area and leakage of a chip, against sums worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.area import ARRAY_PARTS, chip_area_mm2, power_at_rest_w, sram_bits
from bitnet_hw.config import load_config
from bitnet_hw.errors import ConfigError

# One power of ten for each part, so that none can stand in for another.
AREAS = {
    "int_add_per_bit": 0.1,
    "register_per_bit": 10,
    "lane_select_per_bit": 100,
    "trit_decode_per_weight": 1000,
    "int8_multiply": 36,
    "fp16_add": 3,
    "fp16_multiply": 4,
    "sram_per_bit": 0.5,
}
LEAKAGE = {"logic_mw_per_mm2": 10, "sram_mw_per_mb": 8}


def edge(**changes):
    return load_config(
        "edge", {"technology.area_um2": AREAS, "technology.leakage": LEAKAGE, **changes}
    )


def test_parts():
    um2 = {part: 1e6 * area for part, area in chip_area_mm2(edge()).items()}
    assert um2 == pytest.approx({
        # 16 rows of 10 adders of 9 bits, 5 of 10, 2 of 11, one of 12 and one of 13.
        "adder_tree": 16 * 187 * 0.1,
        # 320 lanes of 8 bits.
        "lane_select": 320 * 8 * 100,
        # 320 weights in a word.
        "weight_decoder": 320 * 1000,
        # 160 bits of activations, 79 in each of 16 trees, 2 x 320 of weights.
        "registers": (160 + 16 * 79 + 640) * 10,
        # 16 adders of 22 bits, and as many sums for each of 8 tokens.
        "accumulators": 16 * 22 * (0.1 + 8 * 10),
        # 64 multiply-accumulates in each cycle.
        "vector_unit": 64 * 7,
        # Two halves of 432 x 8 words of 160 bits.
        "activation_store": 2 * 432 * 8 * 160 * 0.5,
        # 9 vectors of 16 sums of 22 bits.
        "result_buffer": 9 * 16 * 22 * 0.5,
    })


def test_two_words_in_a_tile_wait_for_each_other():
    wide, narrow = (chip_area_mm2(edge(**{"array.weight_bus_bits": bits})) for bits in (512, 256))
    # 160 weights of 2 bits wait for the second word; half as many are decoded at once.
    assert narrow["registers"] - wide["registers"] == pytest.approx(320 * 10 / 1e6)
    assert narrow["weight_decoder"] == wide["weight_decoder"] / 2


def test_leakage():
    config = edge()
    power = power_at_rest_w(config, chip_area_mm2(config))
    array_mm2 = (299.2 + 256_000 + 320_000 + 20_640 + 28_195.2) / 1e6
    assert power["array_leakage"] == pytest.approx(array_mm2 * 10e-3)
    # 138,636 bytes in memories.
    assert power["core_leakage"] == pytest.approx(448e-6 * 10e-3 + 138_636 / 2**20 * 8e-3)


def test_sram_bits():
    assert sram_bits(edge().array) == {"activation_store": 1_105_920, "result_buffer": 3168}


def test_edges():
    config = load_config("edge")
    low, nominal, high = (chip_area_mm2(config, at) for at in ("low", "nominal", "high"))
    # 0.2187, 0.26244 and 0.26244 um2.
    assert low["lane_select"] < nominal["lane_select"] == high["lane_select"]
    assert sum(low.values()) < sum(nominal.values()) < sum(high.values())


def test_a_technology_without_areas():
    config = load_config("edge", {"technology.area_um2": None, "technology.leakage": None})
    assert chip_area_mm2(config) == {}
    assert power_at_rest_w(config, {}) == {}
    assert config.technology.not_counted[-2:] == ("leakage of the chip", "area of the chip")


def test_leakage_needs_areas():
    with pytest.raises(
        ConfigError,
        match=r"technology must be a technology with area_um2, which its leakage needs$",
    ):
        load_config("edge", {"technology.area_um2": None})


@given(st.integers(1, 64), st.integers(1, 64), st.integers(1, 64), st.integers(1, 64))
def test_a_larger_array_never_takes_less(rows, more_rows, lanes, more_lanes):
    small, large = (
        chip_area_mm2(edge(**{"array.rows": r, "array.lanes": n, "array.output_bus_words": 1}))
        for r, n in ((rows, lanes), (rows + more_rows, lanes + more_lanes))
    )
    assert all(small[part] <= large[part] for part in ARRAY_PARTS)
