import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtl.trit import TRIT5_DECODE, TRIT5_ENCODE, TRIT_CODES, _weights, pack_word, unpack_word

# The illegal codes of docs/architecture.md, written down by hand.
ILLEGAL = [0x0F, 0x2F, 0x4F, 0x6F, 0x7F, 0x8F, 0xAF, 0xCF, 0xEF, 0xFC, 0xFD, 0xFE, 0xFF]


def test_two_bit_codes():
    assert TRIT_CODES == {0: 0b00, 1: 0b01, -1: 0b10}


def test_every_group_of_five_has_one_code():
    assert sorted(TRIT5_ENCODE) == sorted(itertools.product((-1, 0, 1), repeat=5))
    assert len(set(TRIT5_ENCODE.values())) == 243


def test_illegal_codes():
    assert [code for code, weights in enumerate(TRIT5_DECODE) if weights is None] == ILLEGAL
    assert [code for code in range(256) if _weights(code) is None] == ILLEGAL


def test_the_table_is_what_the_rules_say_today():
    assert tuple(_weights(code) for code in range(256)) == TRIT5_DECODE


@pytest.mark.parametrize(
    ("code", "weights"),
    [
        (0x00, (0, 0, 0, 0, 0)),
        (0x01, (1, 0, 0, 0, 0)),
        (0x02, (-1, 0, 0, 0, 0)),
        (0x04, (0, 1, 0, 0, 0)),
        (0x08, (0, -1, 0, 0, 0)),
        (0x10, (0, 0, 1, 0, 0)),
        (0x03, (0, 0, -1, 0, 0)),
        (0x0B, (-1, 0, -1, 0, 0)),
        (0x13, (0, 1, -1, 0, 0)),
        (0x0C, (0, -1, -1, 0, 0)),
        (0x20, (0, 0, 0, 1, 0)),
        (0x40, (0, 0, 0, -1, 0)),
        (0x80, (0, 0, 0, 0, 1)),
        (0x60, (0, 0, 0, 0, -1)),
        (0xE0, (0, 0, 0, 1, -1)),
        (0x1C, (0, 0, 0, -1, -1)),
        # All -1: the last two digits escape to T[4:2] = 7; the first three are 01110.
        (0x7E, (-1, -1, -1, -1, -1)),
    ],
)
def test_literal_codes(code, weights):
    assert TRIT5_DECODE[code] == weights
    assert TRIT5_ENCODE[weights] == code
    assert _weights(code) == weights


@given(
    weights=st.lists(st.sampled_from((-1, 0, 1)), max_size=20),
    encoding=st.sampled_from(("trit2", "trit5")),
)
def test_round_trip(weights, encoding):
    word = pack_word(weights, encoding=encoding, bits=40)
    padding = [0] * ({"trit2": 20, "trit5": 25}[encoding] - len(weights))
    assert unpack_word(word, encoding=encoding, bits=40) == weights + padding


def test_unpack_marks_illegal_codes():
    assert unpack_word(0b11_01, encoding="trit2", bits=4) == [1, None]
    assert unpack_word(0xFF01, encoding="trit5", bits=16) == [1, 0, 0, 0, 0] + [None] * 5


def test_literal_words():
    # Two groups of five and one weight of a third; codes of a byte each, the first lowest.
    weights = [1, 0, 0, 0, 0, -1, -1, -1, -1, -1, 0, -1]
    assert pack_word(weights, encoding="trit5", bits=40) == 0x087E01
    assert pack_word([1, -1, 0, 1], encoding="trit2", bits=8) == 0b01_00_10_01
    # A word holds whole codes only, as many as fit.
    assert unpack_word(0x7E01, encoding="trit5", bits=20) == [1, 0, 0, 0, 0, -1, -1, -1, -1, -1]
    assert unpack_word(0x7E01, encoding="trit5", bits=15) == [1, 0, 0, 0, 0]
    assert pack_word([0] * 10, encoding="trit5", bits=20) == 0
    assert pack_word([0] * 5, encoding="trit2", bits=10) == 0


def test_pack_rejects_too_many():
    with pytest.raises(ValueError, match=r"^A word holds at most 5 weights, not 6$"):
        pack_word([0] * 6, encoding="trit5", bits=8)


def test_pack_rejects_what_is_not_ternary():
    with pytest.raises(KeyError):
        pack_word([2], encoding="trit2", bits=8)
