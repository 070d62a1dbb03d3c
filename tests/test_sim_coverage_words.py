"""The codes of a weight word, and what they are for."""

from rtl.geometry import Geometry
from sim.coverage_words import word_codes, word_places

# Ten weights in a word: 4 rows of 5 lanes take two.
TRIT5 = Geometry(
    rows=4, lanes=5, weight_encoding="trit5", weight_bus_bits=16, max_k=14, output_bus_words=3
)
# Four weights in a word: 2 rows of 3 lanes take two, the second half used.
TRIT2 = Geometry(
    rows=2, lanes=3, weight_encoding="trit2", weight_bus_bits=8, max_k=9, output_bus_words=2
)


def test_codes_begin_with_the_lowest():
    assert word_codes(TRIT5, 0xFE01) == (0x01, 0xFE)
    assert word_codes(TRIT2, 0b11_10_01_00) == (0, 1, 2, 3)


def test_places_of_a_whole_tile():
    assert word_places(TRIT5, 0, rows=4, lanes=5) == ("weight", "weight")
    assert word_places(TRIT5, 1, rows=9, lanes=9) == ("weight", "weight")
    assert word_places(TRIT2, 1, rows=2, lanes=3) == ("weight", "weight", "unused", "unused")


def test_places_of_padding():
    assert word_places(TRIT5, 1, rows=3, lanes=5) == ("weight", "padding row")
    assert word_places(TRIT2, 0, rows=1, lanes=2) == (
        "weight",
        "weight",
        "padding lane",
        "padding row",
    )
    assert word_places(TRIT2, 1, rows=2, lanes=1) == (
        "padding lane",
        "padding lane",
        "unused",
        "unused",
    )
