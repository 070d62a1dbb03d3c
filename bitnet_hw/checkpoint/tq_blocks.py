"""TQ1_0 and TQ2_0: ternary formats of GGUF, 256 weights and one fp16 scale to a block.

Decoded by the gguf package. The formats give each block its own scale, a BitNet matrix has one: so
all blocks that are not all zeros must agree.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.raw import read_bytes
from bitnet_hw.checkpoint.stored_tensor import StoredTensor
from bitnet_hw.checkpoint.ternary import Codes, reciprocal_scale
from bitnet_hw.errors import ToolMissing
from bitnet_hw.key_path import show

__all__ = ["BLOCK_BYTES", "BLOCK_WEIGHTS", "TqBlocks", "open_tq_blocks"]

BLOCK_WEIGHTS = 256
BLOCK_BYTES = {"TQ1_0": 54, "TQ2_0": 66}
"""Bytes of a block; the scale is in the last two (``ggml-common.h``, block_tq1_0, block_tq2_0)."""

_PART_BLOCKS = 4096


@dataclass(frozen=True, eq=False)
class TqBlocks:
    """Blocks of a matrix, of which the rows from `first_row` on are wanted.

    Parameters
    ----------
    blocks : array
        uint8, [rows, k / 256, bytes of a block].
    dtype : str
        ``"TQ1_0"`` or ``"TQ2_0"``.
    subject : str
        File and tensor, for messages.
    first_row : int
        Row that counts as row 0.
    inverse_mean : numpy.float32
        The number by which outputs are divided.
    """

    blocks: Codes
    dtype: str
    subject: str
    first_row: int
    inverse_mean: np.float32

    def rows(self, start: int, stop: int) -> Codes:
        """Return rows as codes; uint8, [stop - start, k]."""
        wanted = self.blocks[self.first_row + start : self.first_row + stop]
        flat = wanted.reshape(-1, wanted.shape[2])
        codes = np.empty((len(flat), BLOCK_WEIGHTS), np.uint8)
        for done in range(0, len(flat), _PART_BLOCKS):
            part = flat[done : done + _PART_BLOCKS]
            codes[done : done + _PART_BLOCKS] = self._decode(part)
        return codes.reshape(len(wanted), -1)

    def _decode(self, part: Codes) -> Codes:
        # With scale 1 the library's numbers are the weights themselves.
        unit = part.copy()
        unit[:, -2:] = np.frombuffer(np.float16(1).tobytes(), np.uint8)
        weights = _dequantize(unit, self.dtype)
        if weights.max(initial=0) > 1:
            raise CheckpointError(f"{self.subject} must have the two-bit codes 0, 1 and 2, not 3")
        # Nothing is left of the weights of a block whose scale is 0.
        weights[_scales(part) == 0] = 0
        weights += 1
        return np.asarray(weights, np.uint8)


def open_tq_blocks(weight: StoredTensor, *, first_row: int, extra: np.float32) -> TqBlocks:
    """Read the blocks of a matrix.

    Parameters
    ----------
    weight : StoredTensor
        The matrix.
    first_row : int
        First row of the wanted projection.
    extra : numpy.float32
        Scale beside the tensor, by which outputs are multiplied as well; 1 without one.

    Raises
    ------
    CheckpointError
        If blocks have different scales, or a scale is negative or not finite.
    """
    subject = f"{weight.path}: {show(weight.name)}"
    n, k = weight.shape
    blocks = read_bytes(weight).reshape(n, k // BLOCK_WEIGHTS, -1)
    scales = _scales(blocks)
    used = scales[scales != 0]
    if len(used) and not (used == used[0]).all():
        raise CheckpointError(
            f"{subject} must have one scale for all its blocks, not from {float(used.min())!r} to "
            f"{float(used.max())!r}: weights were quantised to {weight.dtype} that were not "
            "ternary before, so the file does not hold a BitNet matrix"
        )
    scale = np.float32(used[0]) if len(used) else np.float32(0)
    mean = scale * extra
    inverse = reciprocal_scale(f"{weight.path}: The scale of {show(weight.name)}", mean)
    return TqBlocks(blocks, weight.dtype, subject, first_row, inverse)


def _scales(blocks: Codes) -> NDArray[np.float16]:
    return np.ascontiguousarray(blocks[..., -2:]).view("<f2")[..., 0]


def _dequantize(blocks: Codes, dtype: str) -> NDArray[np.float32]:
    try:
        from gguf import GGMLQuantizationType, quants
    except ImportError:
        raise ToolMissing(
            "Decoding TQ1_0 and TQ2_0 needs the package gguf: pip install 'bitnet-hw[models]'"
        ) from None
    return np.asarray(quants.dequantize(blocks, GGMLQuantizationType[dtype]), np.float32)
