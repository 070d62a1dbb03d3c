import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtl.geometry import Geometry

SMALL = Geometry(rows=4, lanes=5, weight_bus_bits=32, max_k=40, output_bus_words=3)


def test_literals_of_64x64():
    geometry = Geometry(
        rows=64, lanes=64, weight_bus_bits=6560, max_tokens=8, max_k=8640, output_bus_words=16
    )
    assert geometry.macs_per_cycle == 4096
    assert geometry.word_trits == 4100
    assert geometry.words_per_tile == 1
    assert geometry.tile_bytes == 820
    assert geometry.bits_per_weight == pytest.approx(1.6016, abs=1e-4)
    assert geometry.k_tiles(8640) == 135
    assert geometry.n_tiles(3200) == 50
    assert geometry.activation_depth == 135 * 8
    assert geometry.activation_store_bits == 2 * 135 * 8 * 64 * 8
    assert geometry.tree_levels == 6
    assert geometry.tree_latency == 3
    assert geometry.sum_bits == 14
    # 128 * 8640 = 1,105,920 needs 21 bits and a sign.
    assert geometry.accumulator_bits == 22
    assert geometry.beats_per_vector == 4
    assert geometry.result_latency == 5
    assert geometry.result_slots == 8 + 2


def test_levels_of_a_tree_that_is_not_full():
    trees = [dataclasses.replace(SMALL, lanes=lanes) for lanes in (1, 2, 3, 4, 5, 8, 9)]
    assert [tree.tree_levels for tree in trees] == [0, 1, 2, 2, 3, 3, 4]


def test_accepts_the_largest_of_everything():
    largest = {"rows": 4096, "lanes": 4096, "weight_bus_bits": 1048576, "max_tokens": 1024}
    largest |= {"max_k": 1048576, "output_bus_words": 4096, "tree_register_every": 16}
    geometry = Geometry(**largest)
    assert {name: getattr(geometry, name) for name in largest} == largest


def test_24_bit_accumulator_covers_65535_inputs():
    assert dataclasses.replace(SMALL, max_k=65535).accumulator_bits == 24
    assert dataclasses.replace(SMALL, max_k=65536).accumulator_bits == 25


def test_ragged_last_vector():
    assert [SMALL.beats_of_last_vector(n) for n in (1, 3, 4, 5, 8, 11)] == [1, 1, 2, 1, 2, 1]


def test_trit2_word_holds_a_weight_in_two_bits():
    geometry = dataclasses.replace(SMALL, weight_encoding="trit2")
    assert geometry.word_trits == 16
    assert geometry.words_per_tile == 2
    assert geometry.bits_per_weight == 64 / 20


@given(max_k=st.integers(1, 1 << 20))
def test_accumulator_holds_the_extremes(max_k):
    bits = dataclasses.replace(SMALL, max_k=max_k).accumulator_bits
    assert -(1 << (bits - 1)) <= -128 * max_k
    assert 128 * max_k <= (1 << (bits - 1)) - 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("rows", 0, r"^rows must be an integer from 1 to 4096, not 0$"),
        ("rows", "many", r"^rows must be an integer from 1 to 4096, not 'many'$"),
        ("rows", True, r"^rows must be an integer from 1 to 4096, not True$"),
        ("lanes", 10**9, r"^lanes must be an integer from 1 to 4096, not 1000000000$"),
        ("max_k", 2.0, r"^max_k must be an integer from 1 to 1048576, not 2\.0$"),
        (
            "weight_encoding",
            "base3",
            r"^weight_encoding must be one of trit2, trit5, not 'base3'$",
        ),
        (
            "lane_style",
            "lut",
            r"^lane_style must be one of select, biased, compressed, paired, tripled, not 'lut'$",
        ),
    ],
)
def test_rejects_wrong_value(field, value, message):
    with pytest.raises(TypeError, match=message):
        dataclasses.replace(SMALL, **{field: value})


def test_rejects_odd_bus():
    message = r"^weight_bus_bits must be a multiple of 8, not 33 \(1 bits over\)$"
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SMALL, weight_bus_bits=33)


def test_rejects_output_bus_wider_than_the_array():
    with pytest.raises(ValueError, match=r"^output_bus_words must be at most rows \(4\), not 5$"):
        dataclasses.replace(SMALL, output_bus_words=5)
