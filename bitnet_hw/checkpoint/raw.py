"""Bytes of a stored tensor as NumPy arrays."""

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.checkpoint.errors import CheckpointError, unreadable
from bitnet_hw.checkpoint.stored_tensor import StoredTensor
from bitnet_hw.key_path import show

__all__ = ["FLOAT_BYTES", "read_bytes", "read_floats", "widen"]

FLOAT_BYTES = {"F32": 4, "F16": 2, "BF16": 2}
"""Size of each float type that checkpoints use."""


def read_bytes(tensor: StoredTensor, start: int = 0, count: int | None = None) -> NDArray[np.uint8]:
    """Return `count` bytes of a tensor, or all after `start`.

    They are read, not mapped: pages of a mapped file would count as memory of this process.

    Raises
    ------
    CheckpointError
        If the file is shorter than its header says, or cannot be read.
    """
    count = tensor.nbytes - start if count is None else count
    try:
        data = np.fromfile(tensor.path, np.uint8, count, offset=tensor.offset + start)
    except OSError as error:
        raise unreadable(tensor.path, error) from None
    if len(data) != count:
        raise CheckpointError(
            f"{tensor.path} must hold all {tensor.nbytes} bytes of {show(tensor.name)}, "
            f"but ends {count - len(data)} bytes early"
        )
    return data


def read_floats(
    tensor: StoredTensor, start: int = 0, count: int | None = None
) -> NDArray[np.float32]:
    """Return `count` numbers of a float tensor, or all after `start`, widened to fp32 (exact).

    Raises
    ------
    CheckpointError
        If the tensor is not of a float type, or the file is damaged.
    """
    size = FLOAT_BYTES.get(tensor.dtype)
    if size is None:
        raise CheckpointError(
            f"{tensor.path}: {show(tensor.name)} must be {', '.join(FLOAT_BYTES)}, "
            f"not {tensor.dtype}"
        )
    return widen(
        read_bytes(tensor, start * size, None if count is None else count * size), tensor.dtype
    )


def widen(data: NDArray[np.uint8], dtype: str) -> NDArray[np.float32]:
    """Return the fp32 values of little-endian numbers of a float type; exact."""
    if dtype == "F32":
        return data.view("<f4").astype(np.float32, copy=False)
    if dtype == "F16":
        return data.view("<f2").astype(np.float32)
    wide = data.view("<u2").astype(np.uint32)
    # bfloat16 is the upper half of a float32.
    np.left_shift(wide, 16, out=wide)
    return wide.view(np.float32)
