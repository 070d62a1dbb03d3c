"""Hugging Face checkpoints: ``config.json`` and one or more safetensors files."""

import re
from functools import partial
from pathlib import Path

from bitnet_hw.checkpoint.assemble import Slice, assemble, split_names
from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.hf_config import HfConfig, read_hf_config
from bitnet_hw.checkpoint.json_file import read_object
from bitnet_hw.checkpoint.master_weights import open_master_weights
from bitnet_hw.checkpoint.names import hf_name
from bitnet_hw.checkpoint.quarter_blocks import open_quarter_blocks
from bitnet_hw.checkpoint.raw import FLOAT_BYTES
from bitnet_hw.checkpoint.reader import Checkpoint
from bitnet_hw.checkpoint.safetensors_file import read_safetensors
from bitnet_hw.checkpoint.stored_tensor import StoredTensor
from bitnet_hw.checkpoint.ternary import TernaryTensor
from bitnet_hw.key_path import show

__all__ = ["open_hf"]

_INDEX = "model.safetensors.index.json"
_SINGLE = "model.safetensors"
_SHARD_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,200}\.safetensors")
_SUB_NORMS = (".attn_sub_norm.", ".inner_attn_ln.")


def open_hf(path: Path) -> Checkpoint:
    """Open a folder, or one safetensors file with ``config.json`` beside it.

    Raises
    ------
    CheckpointError
        If a file is missing, damaged, or does not fit the others.
    ToolMissing
        If the safetensors package is not installed.
    """
    folder = path if path.is_dir() else path.parent
    config = read_hf_config(folder / "config.json")
    stored = read_safetensors(path) if path.is_file() else _folder_tensors(folder)
    found, others = split_names(stored, hf_name)
    _check_head(path, config, others)
    sub_norms = any(mark in name for name in others for mark in _SUB_NORMS)
    model = config.model.model_copy(update={"sub_norms": sub_norms})
    tensors = assemble(path, model, found, partial(_projection, config))
    weights = f"packed weights, {config.linear_class}" if config.packed else "master weights"
    return Checkpoint(
        path, f"Hugging Face safetensors, {weights}", model, tensors, others, config.data
    )


def _folder_tensors(folder: Path) -> dict[str, StoredTensor]:
    if (folder / _INDEX).exists():
        return _sharded(folder)
    if (folder / _SINGLE).exists():
        return read_safetensors(folder / _SINGLE)
    files = sorted(folder.glob("*.safetensors"))
    if len(files) != 1:
        raise CheckpointError(
            f"Folder {folder} must have {_SINGLE} or {_INDEX}, not {len(files)} other .safetensors "
            "files"
        )
    return read_safetensors(files[0])


def _sharded(folder: Path) -> dict[str, StoredTensor]:
    index = folder / _INDEX
    places = read_object(index).get("weight_map")
    if not isinstance(places, dict):
        raise CheckpointError(f"{index}: weight_map must be an object")
    for shard in places.values():
        # Never a path: an index must not lead out of its folder.
        if not isinstance(shard, str) or not _SHARD_NAME.fullmatch(shard):
            raise CheckpointError(
                f"{index}: weight_map must name .safetensors files of the folder, not {show(shard)}"
            )
    shards = {shard: read_safetensors(folder / shard) for shard in sorted(set(places.values()))}
    tensors = {}
    for name, shard in places.items():
        if name not in shards[shard]:
            raise CheckpointError(
                f"{folder / shard} must have {show(name)}, as {_INDEX} says, but has not"
            )
        tensors[name] = shards[shard][name]
    for shard, content in shards.items():
        for name in content:
            if places.get(name) != shard:
                raise CheckpointError(f"{index}: weight_map must list {show(name)} of {shard}")
    return tensors


def _check_head(path: Path, config: HfConfig, others: dict[str, StoredTensor]) -> None:
    table = (config.model.vocab, config.model.hidden)
    for name, needed in (
        ("model.embed_tokens.weight", True),
        ("lm_head.weight", not config.model.tied_embeddings),
    ):
        tensor = others.get(name) or others.get(name.removeprefix("model."))
        if tensor is None and needed:
            raise CheckpointError(f"{path} must have the tensor {name!r}, as config.json says")
        if tensor is not None and tensor.shape != table:
            raise CheckpointError(
                f"{tensor.path}: {show(name)} must have the shape {list(table)}, "
                f"as the configuration says, not {list(tensor.shape)}"
            )


def _projection(config: HfConfig, rows: Slice, layer: int, role: str) -> TernaryTensor:
    weight, scale = rows.weight, rows.scale
    if not config.packed:
        return _master(rows, layer, role)
    if weight.dtype != "U8":
        raise CheckpointError(
            f"{weight.path}: {show(weight.name)} must be U8 (packed), "
            f"as quantization_config says, not {weight.dtype}"
        )
    if rows.rows % 4:
        raise CheckpointError(
            f"{weight.path}: {show(weight.name)} must have a multiple of 4 outputs to be packed, "
            f"not {rows.rows}"
        )
    rows.check_shape((rows.rows // 4, rows.k))
    if scale is None:
        raise CheckpointError(
            f"{weight.path}: {show(weight.name)} must have its weight_scale beside it"
        )
    if scale.dtype not in FLOAT_BYTES or scale.shape not in ((), (1,), (rows.parts,)):
        raise CheckpointError(
            f"{scale.path}: {show(scale.name)} must be one number of {', '.join(FLOAT_BYTES)}, "
            f"not {scale.dtype} of shape {list(scale.shape)}"
        )
    inverse = config.linear_class == "bitlinear"
    return TernaryTensor(
        name=weight.name,
        layer=layer,
        role=role,
        n=rows.n,
        k=rows.k,
        storage="U8 quarter blocks",
        scale_convention="inverse mean" if inverse else "mean",
        stored_bytes=rows.n * rows.k // 4,
        open=partial(
            open_quarter_blocks,
            weight,
            scale,
            first_row=rows.first_row,
            part=rows.part,
            inverse=inverse,
        ),
    )


def _master(rows: Slice, layer: int, role: str) -> TernaryTensor:
    weight = rows.weight
    if weight.dtype not in FLOAT_BYTES:
        hint = "; quantization_config does not say that it is packed" * (weight.dtype == "U8")
        raise CheckpointError(
            f"{weight.path}: {show(weight.name)} must be {', '.join(FLOAT_BYTES)}, "
            f"not {weight.dtype}{hint}"
        )
    rows.check_shape((rows.rows, rows.k))
    if rows.scale is not None:
        raise CheckpointError(
            f"{weight.path}: {show(weight.name)} must be packed to have the scale "
            f"{show(rows.scale.name)}, not {weight.dtype}"
        )
    return TernaryTensor(
        name=weight.name,
        layer=layer,
        role=role,
        n=rows.n,
        k=rows.k,
        storage=weight.dtype,
        scale_convention="of the weights",
        stored_bytes=rows.n * rows.k * FLOAT_BYTES[weight.dtype],
        open=partial(open_master_weights, weight, first_row=rows.first_row, already_ternary=False),
    )
