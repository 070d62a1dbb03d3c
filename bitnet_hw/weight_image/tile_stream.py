"""From rows of codes to the bytes of the weight stream, without a Python loop over weights.

Weights of a tile are put in the order of the stream first (docs/architecture.md, "Streams"). Then
each group of them, five in trit5 and four in trit2, is read as one integer, a byte for each weight,
and multiplied by a constant whose bytes are powers of the base: one byte of the product is then the
number of the group. A table turns it into the code. The multiplication cannot carry into that byte:
at most 242 in base 3, 170 in base 4.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from bitnet_hw.checkpoint.ternary import Codes
from rtl.geometry import Geometry
from rtl.trit import TRIT5_ENCODE, TRIT_CODES

__all__ = ["TilePacker"]

_ZERO = 1
"""Code of the weight 0: what padding holds."""

_READ_AHEAD = 8


class TilePacker:
    """Packs rows of one geometry's weight matrices; keeps its working memory between calls.

    Parameters
    ----------
    geometry : Geometry
        Encoding and sizes.
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        trit5 = geometry.weight_encoding == "trit5"
        self._group = 5 if trit5 else 4
        base = 3 if trit5 else self._group
        kind = np.uint64 if trit5 else np.uint32
        self._kind = np.dtype(kind).newbyteorder("<")
        self._factor = kind(sum(base ** (self._group - 1 - i) << 8 * i for i in range(self._group)))
        self._shift = kind(8 * (self._group - 1))
        self._table = _trit5_table() if trit5 else _trit2_table()
        self._tile_groups = -(-geometry.tile_trits // self._group)
        self._flat = np.empty(0, np.uint8)
        self._products = np.empty(0, kind)
        self._numbers = np.empty(0, np.uint8)

    def pack(self, codes: Codes) -> bytes:
        """Return the words of the output tiles that the rows make up.

        Parameters
        ----------
        codes : array
            uint8, [n, k], weights plus one. If n is not a multiple of the geometry's rows, the last
            tile is filled with zeros.

        Returns
        -------
        bytes
            ``n_tiles * k_tiles * tile_bytes`` of them, the lowest byte of a word first.
        """
        geometry = self._geometry
        tiles = geometry.n_tiles(codes.shape[0]) * geometry.k_tiles(codes.shape[1])
        groups = tiles * self._tile_groups
        if len(self._products) < groups:
            self._flat = np.empty(groups * self._group + _READ_AHEAD, np.uint8)
            self._products = np.empty(groups, self._products.dtype)
            self._numbers = np.empty(groups, np.uint8)
        flat = self._flat[: groups * self._group]
        self._order(codes, flat.reshape(tiles, -1))
        # Groups of five overlap as integers of eight bytes; the upper three do no harm.
        integers = as_strided(
            self._flat[:8].view(self._kind)[:1], (groups,), (self._group,), writeable=False
        )
        products = self._products[:groups]
        np.multiply(integers, self._factor, out=products)
        np.right_shift(products, self._shift, out=products)
        numbers = self._numbers[:groups]
        np.copyto(numbers, products, casting="unsafe")
        packed = numbers.tobytes().translate(self._table)
        if self._tile_groups == geometry.tile_bytes:
            return packed
        words = np.zeros((tiles, geometry.tile_bytes), np.uint8)
        words[:, : self._tile_groups] = np.frombuffer(packed, np.uint8).reshape(tiles, -1)
        return words.tobytes()

    def _order(self, codes: Codes, flat: Codes) -> None:
        """Write the codes in the order of the stream; `flat` has a row for each tile."""
        rows, lanes = self._geometry.rows, self._geometry.lanes
        n, k = codes.shape
        full_n, full_k = n // rows, k // lanes
        n_tiles, k_tiles = self._geometry.n_tiles(n), self._geometry.k_tiles(k)
        trits = self._geometry.tile_trits
        flat[:, trits:] = _ZERO
        tiles = flat.reshape(n_tiles, k_tiles, -1)[:, :, :trits]
        tiles = tiles.reshape(n_tiles, k_tiles, rows, lanes)
        for tile_rows, part in (
            (slice(0, full_n), codes[: full_n * rows]),
            (slice(full_n, n_tiles), codes[full_n * rows :]),
        ):
            count = tile_rows.stop - tile_rows.start
            if not count:
                continue
            height = len(part) // count
            into = tiles[tile_rows]
            if height < rows:
                into[:, :, height:] = _ZERO
            into = into[:, :, :height].swapaxes(1, 2)
            whole = part[:, : full_k * lanes].reshape(count, height, full_k, lanes)
            into[:, :, :full_k] = whole
            if full_k < k_tiles:
                into[:, :, full_k, : k - full_k * lanes] = part[:, full_k * lanes :].reshape(
                    count, height, -1
                )
                into[:, :, full_k, k - full_k * lanes :] = _ZERO


def _trit5_table() -> bytes:
    """Return the code of each group's base-3 number; numbers of no group give 0."""
    table = bytearray(256)
    for weights, code in TRIT5_ENCODE.items():
        table[sum((weight + 1) * 3**place for place, weight in enumerate(weights))] = code
    return bytes(table)


def _trit2_table() -> bytes:
    """Return the byte of each group's base-4 number; numbers of no group give 0."""
    table = bytearray(256)
    for number in range(256):
        digits = [number >> 2 * place & 3 for place in range(4)]
        if 3 not in digits:
            table[number] = sum(
                TRIT_CODES[digit - 1] << 2 * place for place, digit in enumerate(digits)
            )
    return bytes(table)
