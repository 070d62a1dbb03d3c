"""Packed weights of Hugging Face checkpoints: four quarters of the rows in one byte.

Layout of ``pack_weights`` in transformers 5 (``integrations/bitnet.py``): of a matrix of n rows,
byte [p, c] holds the weights of rows p, p + n/4, p + n/2 and p + 3n/4 of column c, plus one, in two
bits each, the first lowest. The code 3 stands for no weight.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.checkpoint.raw import read_bytes, read_floats
from bitnet_hw.checkpoint.stored_tensor import StoredTensor
from bitnet_hw.checkpoint.ternary import Codes, reciprocal_scale
from bitnet_hw.checkpoint.two_bit_codes import check_two_bit_codes
from bitnet_hw.key_path import show

__all__ = ["QuarterBlocks", "open_quarter_blocks"]


@dataclass(frozen=True, eq=False)
class QuarterBlocks:
    """Packed bytes of a matrix, of which the rows from `first_row` on are wanted.

    Parameters
    ----------
    packed : array
        uint8, [rows / 4, k].
    first_row : int
        Row that counts as row 0.
    inverse_mean : numpy.float32
        The number by which outputs are divided.
    """

    packed: Codes
    first_row: int
    inverse_mean: np.float32

    def places(self, n: int) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
        """Return for each of the first `n` rows its row in `packed`, and its lowest bit there."""
        lanes, places = np.divmod(np.arange(self.first_row, self.first_row + n), len(self.packed))
        return places.astype(np.uint64), (2 * lanes).astype(np.uint8)

    def rows(self, start: int, stop: int) -> Codes:
        """Return rows as codes; uint8, [stop - start, k]."""
        quarter, k = self.packed.shape
        codes = np.empty((stop - start, k), np.uint8)
        row, end = self.first_row + start, self.first_row + stop
        filled = 0
        while row < end:
            lane, place = divmod(row, quarter)
            count = min(end - row, quarter - place)
            part = codes[filled : filled + count].reshape(-1)
            _take_lane(self.packed[place : place + count].reshape(-1), lane, part)
            row, filled = row + count, filled + count
        return codes


def open_quarter_blocks(
    weight: StoredTensor, scale: StoredTensor, *, first_row: int, part: int, inverse: bool
) -> QuarterBlocks:
    """Read a packed matrix and its scale.

    Parameters
    ----------
    weight, scale : StoredTensor
        Packed bytes, and one scale or one for each stacked projection.
    first_row : int
        First row of the wanted projection.
    part : int
        Number of the projection among those that the tensor stacks.
    inverse : bool
        The scale is the inverse mean.

    Raises
    ------
    CheckpointError
        If a byte has a code that stands for no weight, or the scale is not positive and finite.
    """
    packed = read_bytes(weight).reshape(weight.shape)
    check_two_bit_codes(f"{weight.path}: {show(weight.name)}", packed.reshape(-1))
    stored = read_floats(scale)
    value = stored[part if len(stored) > 1 else 0]
    reciprocal = reciprocal_scale(f"{scale.path}: {show(scale.name)}", value)
    return QuarterBlocks(packed, first_row, np.float32(value) if inverse else reciprocal)


def _take_lane(packed: Codes, lane: int, out: Codes) -> None:
    """Write one two-bit lane of each byte to `out`, eight bytes at a time where they line up."""
    whole = len(packed) // 8 * 8
    words, results = packed[:whole].view("<u8"), out[:whole].view("<u8")
    if lane:
        words = np.right_shift(words, np.uint64(2 * lane), out=results)
    np.bitwise_and(words, np.uint64(0x0303030303030303), out=results)
    out[whole:] = packed[whole:] >> 2 * lane & 3
