"""Float master weights, quantised while they are read.

The arithmetic is that of `golden.quantize.absmean_ternary`, bit for bit: the mean is PyTorch's,
whose order of summation is its own, and everything after it is the same in NumPy. Only the fp32
magnitudes are in memory at once, and only until their mean is known.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.raw import read_floats
from bitnet_hw.checkpoint.stored_tensor import StoredTensor
from bitnet_hw.checkpoint.ternary import Codes, reciprocal_scale
from bitnet_hw.errors import ToolMissing
from bitnet_hw.key_path import show

__all__ = ["SMALLEST_MEAN", "MasterWeights", "open_master_weights"]

SMALLEST_MEAN = np.float32(1e-5)
"""Floor of mean|W| (`golden.quantize.SMALLEST_SCALE`)."""

_BLOCK_WEIGHTS = 1 << 17


@dataclass(frozen=True, eq=False)
class MasterWeights:
    """A float matrix in a file, of which the rows from `first_row` on are wanted.

    Parameters
    ----------
    weight : StoredTensor
        The matrix.
    first_row : int
        Row that counts as row 0.
    inverse_mean : numpy.float32
        Factor before rounding, and the number by which outputs are divided.
    """

    weight: StoredTensor
    first_row: int
    inverse_mean: np.float32

    def rows(self, start: int, stop: int) -> Codes:
        """Return rows as codes; uint8, [stop - start, k]."""
        k = self.weight.shape[1]
        codes = np.empty((stop - start) * k, np.uint8)
        first = (self.first_row + start) * k
        for done in range(0, len(codes), _BLOCK_WEIGHTS):
            count = min(_BLOCK_WEIGHTS, len(codes) - done)
            scaled = read_floats(self.weight, first + done, count)
            scaled *= self.inverse_mean
            # clip(rint(x), -1, 1) + 1 without rounding: a half goes to the even number, which is 0.
            part = codes[done : done + count]
            np.greater_equal(scaled, np.float32(-0.5), out=part.view(np.bool_))
            part += (scaled > np.float32(0.5)).view(np.uint8)
        return codes.reshape(-1, k)


def open_master_weights(
    weight: StoredTensor, *, first_row: int, already_ternary: bool
) -> MasterWeights:
    """Find the scale of a float matrix.

    Parameters
    ----------
    weight : StoredTensor
        The matrix.
    first_row : int
        First row of the wanted projection; the scale is that of the whole matrix.
    already_ternary : bool
        Take a matrix whose magnitudes are all 0 or one value m for quantised and scaled: its scale
        is m. (Quantising it again would find the mean, zeros included.)

    Raises
    ------
    CheckpointError
        If the mean of the magnitudes is not finite.
    ToolMissing
        If PyTorch is not installed.
    """
    n, k = weight.shape
    magnitudes = np.empty(n * k, np.float32)
    for start in range(0, n * k, _BLOCK_WEIGHTS):
        part = magnitudes[start : start + _BLOCK_WEIGHTS]
        np.abs(read_floats(weight, start, len(part)), out=part)
    if already_ternary:
        largest = magnitudes.max()
        if _only_zeros_and(magnitudes, largest):
            inverse = reciprocal_scale(f"{weight.path}: The scale of {show(weight.name)}", largest)
            return MasterWeights(weight, first_row, inverse)
    mean = _torch_mean(magnitudes.reshape(n, k))
    if not np.isfinite(mean):
        raise CheckpointError(
            f"{weight.path}: The mean of |{show(weight.name)}| must be finite, not {float(mean)!r}"
        )
    return MasterWeights(weight, first_row, np.float32(1) / max(mean, SMALLEST_MEAN))


def _only_zeros_and(magnitudes: NDArray[np.float32], value: np.float32) -> bool:
    for start in range(0, len(magnitudes), _BLOCK_WEIGHTS):
        part = magnitudes[start : start + _BLOCK_WEIGHTS]
        if not ((part == 0) | (part == value)).all():
            return False
    return True


def _torch_mean(magnitudes: NDArray[np.float32]) -> np.float32:
    try:
        import torch
    except ImportError:
        raise ToolMissing(
            "Quantising float weights needs PyTorch: pip install 'bitnet-hw[sim]'"
        ) from None
    return np.float32(torch.from_numpy(magnitudes).mean().item())
