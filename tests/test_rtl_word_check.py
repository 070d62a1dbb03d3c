from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtl.word_check import WEIGHT_CHECKS, bit_numbers, check_bits, is_whole, width_for, with_check


@pytest.mark.parametrize(
    ("word_bits", "checks"), [(16, 5), (24, 6), (32, 6), (64, 7), (72, 8), (6576, 14), (8192, 14)]
)
def test_check_bits(word_bits, checks):
    assert check_bits(word_bits) == checks


def test_numbers_by_hand():
    # 11 bits of data, then the powers of two, then 0.
    assert bit_numbers(16) == (3, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 1, 2, 4, 8, 0)


@pytest.mark.parametrize("word_bits", [*range(16, 200, 8), 6576, 8192])
def test_every_bit_has_a_number_of_its_own(word_bits):
    assert sorted(bit_numbers(word_bits)) == list(range(word_bits))


def test_words_by_hand():
    # Bit 0 has the number 3 = 0b0011: two check bits, three ones, so the last is set.
    assert with_check(0b1, 16) == 0b1_0011_00000000001
    # Numbers 3 and 5: 3 ^ 5 = 0b0110, four ones.
    assert with_check(0b11, 16) == 0b0_0110_00000000011
    assert with_check(0, 16) == 0


def test_one_two_or_three_flips_leave_no_word_whole():
    # The code is linear: what holds for one word holds for all.
    for word in (0, with_check(0b10110011101, 16), with_check(0x7FF, 16)):
        assert is_whole(word, 16)
        for flips in (1, 2, 3):
            for places in combinations(range(16), flips):
                assert not is_whole(word ^ sum(1 << place for place in places), 16)


def test_some_four_flips_are_not_seen():
    # Numbers 3, 5 and 6 cancel; with the bit of number 0 their count is even.
    assert is_whole(with_check(0, 16) ^ 0b1000_0000_0000_0111, 16)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_three_flips_of_a_wide_word(data):
    bits = data.draw(st.sampled_from((64, 72, 1024, 6576)))
    word = with_check(data.draw(st.integers(0, (1 << bits - check_bits(bits)) - 1)), bits)
    places = data.draw(st.sets(st.integers(0, bits - 1), min_size=1, max_size=3))
    assert is_whole(word, bits)
    assert not is_whole(word ^ sum(1 << place for place in places), bits)


@pytest.mark.parametrize(
    ("data_bytes", "width"), [(1, 16), (2, 24), (7, 64), (8, 72), (820, 6576), (1022, 8192)]
)
def test_width(data_bytes, width):
    assert width_for(data_bytes, "hamming") == width
    assert width_for(data_bytes, "none") == 8 * data_bytes


def test_width_is_the_narrowest():
    for data_bytes in range(1, 300):
        width = width_for(data_bytes, "hamming")
        assert width - check_bits(width) >= 8 * data_bytes
        narrower = width - 8
        assert narrower - check_bits(narrower) < 8 * data_bytes


def test_names():
    assert WEIGHT_CHECKS == ("none", "hamming")
