import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtl.geometry import Geometry
from rtl.word_check import is_whole, with_check
from sim.weight_check import checked, corrupt


def geometry_of(bits, check="hamming"):
    return Geometry(
        rows=1, lanes=1, weight_bus_bits=bits, max_k=1, output_bus_words=1, weight_check=check
    )


def number(word):
    return int.from_bytes(word.tobytes(), "little")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from((16, 24, 40, 64, 72, 104, 1024, 6576)), st.integers(0, 2**32 - 1))
def test_words_are_those_of_the_plain_code(bits, seed):
    geometry, rng = geometry_of(bits), np.random.default_rng(seed)
    data = rng.integers(0, 256, (5, geometry.data_bytes), np.uint8)
    words = checked(geometry, data)
    assert words.shape == (5, bits // 8)
    for word, part in zip(words, data, strict=True):
        assert number(word) == with_check(number(part), bits)
    assert not corrupt(geometry, words).any()
    flips = rng.integers(0, 256, words.shape, np.uint8) & rng.integers(
        0, 256, words.shape, np.uint8
    )
    expected = [not is_whole(number(word), bits) for word in words ^ flips]
    assert corrupt(geometry, words ^ flips).tolist() == expected


def test_by_hand():
    # A one in place 0, whose number is 3: check bits 1, 1, 0, 0 and one more for an even count.
    words = checked(geometry_of(16), np.array([[1], [0]], np.uint8))
    assert words.tolist() == [[0x01, 0b1_0011_000], [0, 0]]


def test_more_words_than_are_looked_at_together():
    geometry = geometry_of(16)
    words = checked(geometry, np.zeros((300_000, 1), np.uint8))
    # Two bytes a word: 131,072 words at a time.
    flipped = [0, 131_071, 131_072, 299_999]
    words[flipped, 1] ^= 4
    assert np.flatnonzero(corrupt(geometry, words)).tolist() == flipped


@pytest.mark.parametrize("bits", [8, 64])
def test_without_a_check_nothing_changes(bits):
    geometry = geometry_of(bits, "none")
    data = np.arange(bits // 8 * 3, dtype=np.uint8).reshape(3, -1)
    assert checked(geometry, data) is data
    assert not corrupt(geometry, data).any()
