"""What is not ternary in a GGUF file, in fp32: norms, embeddings and the head."""

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.ggml_types import GGML_TYPES, I2_S
from bitnet_hw.checkpoint.raw import FLOAT_BYTES, read_bytes, read_floats
from bitnet_hw.checkpoint.stored_tensor import StoredTensor
from bitnet_hw.errors import ToolMissing
from bitnet_hw.key_path import show

__all__ = ["read_gguf_floats"]


def read_gguf_floats(tensor: StoredTensor) -> NDArray[np.float32]:
    """Return a tensor in its shape.

    Floats are widened, which is exact; quantised types, in which converters like to store
    embeddings, are decoded by the gguf package.

    Raises
    ------
    CheckpointError
        If the type is not known, a number is not finite, or the file is damaged.
    ToolMissing
        If the gguf package is needed and not installed.
    """
    if tensor.dtype in FLOAT_BYTES:
        values = read_floats(tensor).reshape(tensor.shape)
    else:
        values = _decode(tensor)
    if not np.isfinite(values).all():
        raise CheckpointError(
            f"{tensor.path}: {show(tensor.name)} must hold finite numbers, but has inf or nan"
        )
    return values


def _decode(tensor: StoredTensor) -> NDArray[np.float32]:
    known = [kind.name for kind in GGML_TYPES.values() if kind.name != I2_S]
    if tensor.dtype not in known:
        raise CheckpointError(
            f"{tensor.path}: {show(tensor.name)} must be one of {', '.join(known)}, "
            f"not {tensor.dtype} of ggml"
        )
    try:
        from gguf import GGMLQuantizationType, quants
    except ImportError:
        raise ToolMissing(
            f"Decoding {tensor.dtype} needs the package gguf: pip install 'bitnet-hw[models]'"
        ) from None
    blocks = read_bytes(tensor).reshape(*tensor.shape[:-1], -1)
    return np.asarray(quants.dequantize(blocks, GGMLQuantizationType[tensor.dtype]), np.float32)
