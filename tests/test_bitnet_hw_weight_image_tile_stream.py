"""The fast packer, against the simulation's and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitnet_hw.weight_image.tile_stream import TilePacker
from rtl.geometry import Geometry
from rtl.trit import TRIT5_ENCODE
from sim.packing import pack_weights


def geometry(rows, lanes, encoding, bus_bytes):
    return Geometry(
        rows=rows,
        lanes=lanes,
        weight_encoding=encoding,
        weight_bus_bits=8 * bus_bytes,
        max_k=4096,
        output_bus_words=1,
    )


def codes(weights):
    return (np.asarray(weights) + 1).astype(np.uint8)


def test_literal_trit2():
    """Two rows of three lanes; K of 4 takes two tiles, the second with one lane in use."""
    weights = [[1, -1, 0, 1], [0, 0, 1, -1]]
    packed = TilePacker(geometry(2, 3, "trit2", 2)).pack(codes(weights))
    # Tile 0: +1 -1 0 0 | 0 +1 - -; tile 1: +1 0 0 -1 | 0 0 - -; lowest place first.
    assert packed == bytes([0b00_00_10_01, 0b00_00_01_00, 0b10_00_00_01, 0])


def test_literal_trit5():
    packed = TilePacker(geometry(2, 3, "trit5", 3)).pack(codes([[1, -1, 0], [1, -1, 1]]))
    assert packed == bytes([TRIT5_ENCODE[1, -1, 0, 1, -1], TRIT5_ENCODE[1, 0, 0, 0, 0], 0])


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_equals_the_simulation_s_packer(data):
    array = geometry(
        data.draw(st.integers(1, 17)),
        data.draw(st.integers(1, 17)),
        data.draw(st.sampled_from(["trit2", "trit5"])),
        data.draw(st.integers(1, 40)),
    )
    packer = TilePacker(array)
    for _ in range(2):
        shape = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40))
        seed = data.draw(st.integers(0, 99))
        weights = np.random.default_rng(seed).integers(-1, 2, shape, np.int8)
        assert packer.pack(codes(weights)) == pack_weights(array, weights).tobytes()


@pytest.mark.parametrize("encoding", ["trit2", "trit5"])
def test_every_group(encoding):
    size = 5 if encoding == "trit5" else 4
    weights = np.array(
        [[number // 3**place % 3 - 1 for place in range(size)] for number in range(3**size)],
        np.int8,
    )
    array = geometry(1, size, encoding, 1)
    assert TilePacker(array).pack(codes(weights)) == pack_weights(array, weights).tobytes()


def test_strided_input():
    array = geometry(4, 5, "trit5", 4)
    whole = np.random.default_rng(0).integers(0, 3, (8, 40), np.uint8)
    packer = TilePacker(array)
    assert packer.pack(whole[:, 10:25]) == packer.pack(whole[:, 10:25].copy())
