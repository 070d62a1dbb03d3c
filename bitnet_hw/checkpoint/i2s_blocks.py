"""I2_S of bitnet.cpp: two bits per weight, and a layout that depends on who wrote the file.

``quantize_i2_s`` (microsoft/BitNet, ``src/ggml-bitnet-mad.cpp``) writes one of three layouts, by
processor and compile option, under the same type number: a file does not say which. In each, a byte
holds four weights plus one, the first in the highest bits, and the fp32 mean follows the codes.

============ ==================== ==================================================
layout       written on           the four weights of byte b
============ ==================== ==================================================
``blocks128`` x86, ACT_PARALLEL   128 i + 32 g + p for g = 0..3, with b = 32 i + p
``blocks64``  ARM                 64 i + 16 g + p for g = 0..3, with b = 16 i + p
``rows4``     x86 otherwise       rows 4 i to 4 i + 3 of column c, with b = i k + c
============ ==================== ==================================================
"""

from dataclasses import dataclass

import numpy as np

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.i2s_layout import I2sLayout
from bitnet_hw.checkpoint.raw import read_bytes
from bitnet_hw.checkpoint.stored_tensor import StoredTensor
from bitnet_hw.checkpoint.ternary import Codes, reciprocal_scale
from bitnet_hw.checkpoint.two_bit_codes import check_two_bit_codes
from bitnet_hw.key_path import show

__all__ = ["I2sBlocks", "open_i2s_blocks"]

_SHIFTS = np.array([6, 4, 2, 0], np.uint8)


@dataclass(frozen=True, eq=False)
class I2sBlocks:
    """Codes of a matrix, of which the rows from `first_row` on are wanted.

    Parameters
    ----------
    packed : array
        uint8, [rows / 4, k] for ``rows4``, else [rows, k / 4].
    layout : I2sLayout
        Order of the weights.
    first_row : int
        Row that counts as row 0.
    inverse_mean : numpy.float32
        The number by which outputs are divided.
    """

    packed: Codes
    layout: I2sLayout
    first_row: int
    inverse_mean: np.float32

    def rows(self, start: int, stop: int) -> Codes:
        """Return rows as codes; uint8, [stop - start, k]."""
        first, last = self.first_row + start, self.first_row + stop
        if self.layout is I2sLayout.ROWS4:
            groups = self.packed[first // 4 : -(-last // 4)]
            codes = groups[:, None, :] >> _SHIFTS[:, None] & np.uint8(3)
            whole = codes.reshape(-1, groups.shape[1])
            return whole[first % 4 : first % 4 + stop - start].copy()
        bytes_per_block = _block(self.layout) // 4
        blocks = self.packed[first:last].reshape(-1, 1, bytes_per_block)
        return (blocks >> _SHIFTS[:, None] & np.uint8(3)).reshape(stop - start, -1)


def open_i2s_blocks(
    weight: StoredTensor, layout: I2sLayout, *, first_row: int, extra: np.float32
) -> I2sBlocks:
    """Read a matrix.

    Parameters
    ----------
    weight : StoredTensor
        The matrix, scale included.
    layout : I2sLayout
        Order of the weights.
    first_row : int
        First row of the wanted projection.
    extra : numpy.float32
        Scale beside the tensor, by which outputs are multiplied as well; 1 without one.

    Raises
    ------
    CheckpointError
        If the shape does not fit the layout, a code stands for no weight, or the scale is wrong.
    """
    subject = f"{weight.path}: {show(weight.name)}"
    n, k = weight.shape
    rows4 = layout is I2sLayout.ROWS4
    size, unit = (n, 4) if rows4 else (k, _block(layout))
    if size % unit:
        what = "rows" if rows4 else "columns"
        raise CheckpointError(
            f"{subject} must have a multiple of {unit} {what} in the layout {layout}, not {size}"
        )
    data = read_bytes(weight)
    codes = data[: n * k // 4]
    check_two_bit_codes(subject, codes)
    mean = data[n * k // 4 :][:4].view("<f4")[0] * extra
    inverse = reciprocal_scale(f"{weight.path}: The scale of {show(weight.name)}", mean)
    shape = (n // 4, k) if rows4 else (n, k // 4)
    return I2sBlocks(codes.reshape(shape), layout, first_row, inverse)


def _block(layout: I2sLayout) -> int:
    return 128 if layout is I2sLayout.BLOCKS128 else 64
