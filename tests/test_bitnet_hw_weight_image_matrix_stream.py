"""Streams of matrices in every form, with the compiled packer and without a compiler."""

import numpy as np
import pytest

from bitnet_hw.checkpoint.quarter_blocks import QuarterBlocks
from bitnet_hw.weight_image.matrix_stream import MatrixPacker, blocks_of_rows
from rtl.geometry import Geometry
from sim.packing import pack_weights

ARRAY = Geometry(rows=7, lanes=9, weight_bus_bits=40, max_k=9999, output_bus_words=1)


class Decoded:
    """Codes that are not in bytes of four."""

    inverse_mean = np.float32(1)

    def __init__(self, codes):
        self.codes = codes

    def rows(self, start, stop):
        return self.codes[start:stop].copy()


@pytest.fixture(params=["compiled", "NumPy"])
def packer(request, monkeypatch, tmp_path):
    if request.param == "NumPy":
        # The cache too: a packer that has been compiled is not found there.
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setenv("PATH", str(tmp_path))
    with MatrixPacker(ARRAY) as packer:
        assert bool(packer.obstacle) == (request.param == "NumPy")
        yield packer


@pytest.mark.parametrize(("quarter", "k"), [(1, 1), (10, 35), (40, 9000), (300, 2000)])
def test_streams(packer, quarter, k):
    fields = np.random.default_rng(k).integers(0, 3, (4, quarter, k), np.uint8)
    weights = fields.reshape(-1, k).astype(np.int8) - np.int8(1)
    packed = fields[0] | fields[1] << 2 | fields[2] << 4 | fields[3] << 6
    for first_row in (0, quarter // 2):
        n = 4 * quarter - first_row
        wanted = pack_weights(ARRAY, weights[first_row:]).tobytes()
        blocks = QuarterBlocks(packed, first_row, np.float32(1))
        assert b"".join(piece.tobytes() for piece in packer.stream(blocks, n, k)) == wanted
        decoded = Decoded(blocks.rows(0, n))
        pieces = [piece.tobytes() for piece in packer.stream(decoded, n, k)]
        assert b"".join(pieces) == wanted
        assert len(pieces) == len(list(blocks_of_rows(ARRAY, n, k)))


def test_what_stands_in_the_way(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with MatrixPacker(ARRAY) as packer:
        assert packer.obstacle == (
            "Packing weights in compiled code needs the program g++; "
            "install it with: apt-get install g++"
        )


def test_a_cache_that_cannot_be_written_to(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with MatrixPacker(ARRAY) as packer:
        assert "Not a directory" in packer.obstacle


def test_blocks_are_whole_tiles_of_about_half_a_million_weights():
    assert list(blocks_of_rows(ARRAY, 100, 1 << 16)) == [
        (start, min(start + 7, 100)) for start in range(0, 100, 7)
    ]
    assert list(blocks_of_rows(ARRAY, 100, 10000)) == [(0, 49), (49, 98), (98, 100)]
