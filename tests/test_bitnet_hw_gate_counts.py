"""Counts of cells as text: products of sizes."""

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.gate_counts import check_count, count_of


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        ("1", 1),
        ("rows", 16),
        ("rows * lanes", 320),
        # 10, 5, 2, 1 and 1 adders of 9 to 13 bits.
        ("rows * tree_add_bits", 16 * (90 + 50 + 22 + 12 + 13)),
        ("rows * accumulator_bits * max_tokens", 16 * 22 * 8),
        # The word has exactly the tile's 320 places.
        ("decoded_trits", 320),
        ("gathered_trits", 0),
    ],
)
def test_of_edge(count, expected):
    assert count_of(load_config("edge").array, check_count(count)) == expected


def test_of_words():
    # Words of 160 weights: two for a tile, of which one waits.
    array = load_config("edge", {"array.weight_bus_bits": 256}).array
    assert (count_of(array, "decoded_trits"), count_of(array, "gathered_trits")) == (160, 160)
    # A word with places for 640, twice what a tile has.
    array = load_config("edge", {"array.weight_bus_bits": 1024}).array
    assert (count_of(array, "decoded_trits"), count_of(array, "gathered_trits")) == (320, 0)


@pytest.mark.parametrize(
    "count", ["", "rows*lanes", "rows * colour", "tree_adders", "_x", "k_tiles"]
)
def test_what_is_no_count(count):
    with pytest.raises(
        ValueError, match=r"^a product of sizes such as rows \* lanes; '.*' is none$"
    ):
        check_count(count)
