import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtl.geometry import WEIGHT_ENCODINGS, Geometry
from rtl.trit import TRIT5_DECODE, pack_word, unpack_word
from sim.packing import (
    activation_words,
    pack_activations,
    pack_weights,
    unpack_activations,
    unpack_weights,
    weight_words,
)

SMALL = Geometry(
    rows=2, lanes=2, weight_encoding="trit2", weight_bus_bits=8, max_k=4, output_bus_words=1
)


@st.composite
def cases(draw):
    """Return a geometry, the sizes n and k of a matrix, and a seed for its data."""
    rows, lanes = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    geometry = Geometry(
        rows=rows,
        lanes=lanes,
        weight_encoding=draw(st.sampled_from(WEIGHT_ENCODINGS)),
        weight_bus_bits=8 * draw(st.integers(1, 12)),
        max_k=100,
        output_bus_words=1,
    )
    return geometry, draw(st.integers(1, 14)), draw(st.integers(1, 14)), draw(st.integers(0, 99))


def test_weights_by_hand():
    # Rows 0 and 1, then row 2 with one row of padding; inputs 0 and 1, then input 2.
    weights = np.array([[1, -1, 0], [0, 1, 1], [-1, -1, -1]], np.int8)
    assert list(weight_words(SMALL, weights)) == [0b01_00_10_01, 0b00_01_00_00, 0b1010, 0b10]


def test_activations_by_hand():
    activations = np.array([[1, 2, 3], [-1, -2, -128]], np.int8)
    assert list(activation_words(SMALL, activations)) == [0x0201, 0xFEFF, 0x0003, 0x0080]


@given(cases())
def test_words_are_those_of_pack_word(case):
    geometry, n, k, seed = case
    weights = np.random.default_rng(seed).integers(-1, 2, (n, k), np.int8)
    expected = []
    for n_tile in range(geometry.n_tiles(n)):
        for k_tile in range(geometry.k_tiles(k)):
            trits = [
                int(weights[row, lane]) if row < n and lane < k else 0
                for row in range(n_tile * geometry.rows, (n_tile + 1) * geometry.rows)
                for lane in range(k_tile * geometry.lanes, (k_tile + 1) * geometry.lanes)
            ]
            expected += [
                pack_word(
                    trits[word * geometry.word_trits : (word + 1) * geometry.word_trits],
                    encoding=geometry.weight_encoding,
                    bits=geometry.weight_bus_bits,
                )
                for word in range(geometry.words_per_tile)
            ]
    assert list(weight_words(geometry, weights)) == expected


@given(cases())
def test_unpacking_inverts_packing_whatever_the_padding(case):
    geometry, n, k, seed = case
    rng = np.random.default_rng(seed)
    weights = rng.integers(-1, 2, (n, k), np.int8)
    unpacked, illegal = unpack_weights(geometry, pack_weights(geometry, weights, rng), n, k)
    assert (unpacked == weights).all()
    assert not illegal
    activations = rng.integers(-128, 128, (n, k), np.int8)
    words = pack_activations(geometry, activations, rng)
    assert (unpack_activations(geometry, words, n, k) == activations).all()


@pytest.mark.parametrize("encoding", WEIGHT_ENCODINGS)
def test_every_byte_decodes_as_unpack_word_does(encoding):
    geometry = Geometry(
        rows=1,
        lanes={"trit2": 4, "trit5": 5}[encoding],
        weight_encoding=encoding,
        weight_bus_bits=8,
        max_k=5,
        output_bus_words=1,
    )
    for code in range(256):
        expected = unpack_word(code, encoding=encoding, bits=8)
        weights, illegal = unpack_weights(geometry, np.array([[code]], np.uint8), 1, geometry.lanes)
        assert weights[0].tolist() == [weight or 0 for weight in expected]
        assert illegal == (None in expected)


def test_an_illegal_code_in_padding_is_found_where_the_hardware_decodes_it():
    # Row 1 is padding of the tile: decoded.
    words = np.array([[0b11_00_00_01]], np.uint8)
    weights, illegal = unpack_weights(SMALL, words, 1, 2)
    assert weights.tolist() == [[1, 0]]
    assert illegal
    # The second byte of a word holds no weight of any tile: not decoded.
    wide = dataclasses.replace(SMALL, weight_bus_bits=16)
    assert not unpack_weights(wide, np.array([[0x01, 0xFF]], np.uint8), 2, 2)[1]
    code = TRIT5_DECODE.index(None)
    trit5 = dataclasses.replace(wide, weight_encoding="trit5")
    assert unpack_weights(trit5, np.array([[code, 0]], np.uint8), 2, 2)[1]
    assert not unpack_weights(trit5, np.array([[0, code]], np.uint8), 2, 2)[1]


def test_weights_must_be_ternary():
    with pytest.raises(ValueError, match=r"^Weights must be -1, 0 or \+1, not from -1 to 2$"):
        pack_weights(SMALL, np.array([[2, -1]], np.int8))
