"""GGUF files of ternary models."""

from functools import partial
from pathlib import Path

import numpy as np

from bitnet_hw.checkpoint.assemble import Slice, assemble, split_names
from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.ggml_types import I2_S
from bitnet_hw.checkpoint.gguf_header import read_gguf_header
from bitnet_hw.checkpoint.gguf_shape import gguf_model
from bitnet_hw.checkpoint.i2s_blocks import open_i2s_blocks
from bitnet_hw.checkpoint.i2s_layout import I2sLayout
from bitnet_hw.checkpoint.master_weights import open_master_weights
from bitnet_hw.checkpoint.names import gguf_name
from bitnet_hw.checkpoint.raw import FLOAT_BYTES, read_floats
from bitnet_hw.checkpoint.reader import Checkpoint
from bitnet_hw.checkpoint.stored_tensor import StoredTensor
from bitnet_hw.checkpoint.ternary import TernaryCodes, TernaryTensor
from bitnet_hw.checkpoint.tq_blocks import BLOCK_BYTES, open_tq_blocks
from bitnet_hw.key_path import show

__all__ = ["open_gguf"]


def open_gguf(path: Path, layout: I2sLayout | None) -> Checkpoint:
    """Open a GGUF file.

    Raises
    ------
    CheckpointError
        If the file is damaged, is no ternary model, or has I2_S tensors and no layout is given.
    """
    header = read_gguf_header(path)
    model = gguf_model(header)
    found, others = split_names(header.tensors, gguf_name)
    tensors = assemble(path, model, found, partial(_projection, layout))
    kinds = sorted({tensor.storage for tensor in tensors})
    return Checkpoint(
        path,
        f"GGUF, {', '.join(kinds)}",
        model,
        tensors,
        others,
        header.values,
        rotary_pairs=header.values["general.architecture"] == "llama",
    )


def _projection(layout: I2sLayout | None, rows: Slice, layer: int, role: str) -> TernaryTensor:
    weight, scale = rows.weight, rows.scale
    known = (*BLOCK_BYTES, I2_S, *FLOAT_BYTES)
    if weight.dtype not in known:
        raise CheckpointError(
            f"{weight.path}: {show(weight.name)} must be one of {', '.join(known)}, "
            f"not {weight.dtype} of ggml"
        )
    rows.check_shape((rows.rows, rows.k))
    if weight.dtype == I2_S and layout is None:
        raise CheckpointError(
            f"{weight.path}: {show(weight.name)} is I2_S, whose layout the file does not tell; "
            f"name it with --i2s-layout {', '.join(I2sLayout)}"
        )
    if scale is not None and (scale.dtype != "F32" or scale.shape not in ((), (1,))):
        raise CheckpointError(
            f"{scale.path}: {show(scale.name)} must be one number of F32, "
            f"not {scale.dtype} of shape {list(scale.shape)}"
        )
    if scale is not None and weight.dtype in FLOAT_BYTES:
        raise CheckpointError(
            f"{weight.path}: {show(weight.name)} must be ternary to have the scale "
            f"{show(scale.name)}, not {weight.dtype}"
        )
    convention = "of the weights" if weight.dtype in FLOAT_BYTES else "mean"
    storage = f"{I2_S} {layout}" if weight.dtype == I2_S else weight.dtype
    return TernaryTensor(
        name=weight.name,
        layer=layer,
        role=role,
        n=rows.n,
        k=rows.k,
        storage=storage,
        scale_convention=convention,
        stored_bytes=weight.nbytes * rows.n // rows.rows,
        open=partial(_open, weight, scale, layout, rows.first_row),
    )


def _open(
    weight: StoredTensor, scale: StoredTensor | None, layout: I2sLayout | None, first_row: int
) -> TernaryCodes:
    if weight.dtype in FLOAT_BYTES:
        # Converters store float weights quantised and scaled back; anything else is quantised here.
        return open_master_weights(weight, first_row=first_row, already_ternary=True)
    extra = np.float32(1) if scale is None else read_floats(scale)[0]
    if layout is not None and weight.dtype == I2_S:
        return open_i2s_blocks(weight, layout, first_row=first_row, extra=extra)
    return open_tq_blocks(weight, first_row=first_row, extra=extra)
