"""Tiny checkpoints of every kind that transformers loads, and copies that have to mean the same."""

import itertools
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import save_torch_state_dict
from torch import Tensor

from bitnet_hw.text_codec import BYTES_MARKER

__all__ = [
    "FAMILIES",
    "PACKINGS",
    "VOCABULARY",
    "Case",
    "Checkpoint",
    "all_cases",
    "exact_copy",
    "fused_copy",
]

VOCABULARY = 50
_SHAPE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": None,
}
FAMILIES: dict[str, dict[str, Any]] = {
    "bitnet": {"model_type": "bitnet", "hidden_act": "relu2", "num_key_value_heads": 2},
    "llama": {"model_type": "llama", "hidden_act": "silu", "num_key_value_heads": 4},
    # Falcon3 and Falcon-E: heads wider than hidden_size / heads, and fewer of them for keys.
    "falcon": {
        "model_type": "llama",
        "hidden_act": "silu",
        "num_key_value_heads": 2,
        "head_dim": 32,
    },
}
"""What ``config.json`` has besides the shape that all share."""

PACKINGS: dict[str, dict[str, str]] = {
    "bitlinear": {"linear_class": "bitlinear"},
    "autobitlinear": {"linear_class": "autobitlinear", "quantization_mode": "offline"},
    "autobitlinear online": {"linear_class": "autobitlinear", "quantization_mode": "online"},
}
"""What ``quantization_config`` says."""

_WEIGHT = "_proj.weight"
_SCALE = "_proj.weight_scale"
_SMALLEST_MEAN = 1e-5
_FUSED = {"qkv": ("q", "k", "v"), "gate_up": ("gate", "up")}


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint folder holds."""

    config: dict[str, Any]
    tensors: dict[str, Tensor]

    def write(self, folder: Path, *, sharded: bool = False) -> Path:
        """Write the folder as transformers' own ``save_pretrained`` does."""
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(self.config), encoding="utf-8")
        size = sum(tensor.nbytes for tensor in self.tensors.values())
        save_torch_state_dict(
            dict(self.tensors),
            folder,
            max_shard_size=size // 3 if sharded else size,
            metadata={"format": "pt"},
        )
        return folder


@dataclass(frozen=True)
class Case:
    """One kind of checkpoint.

    Parameters
    ----------
    family : str
        Of `FAMILIES`.
    packing : str
        Of `PACKINGS`.
    dtype : torch.dtype
        In which everything is stored that is not packed: master weights, scales, embeddings, norms.
    tied : bool
        The lm_head is the embedding table.
    sharded : bool
        The file is split.
    rms_norm : bool
        ``use_rms_norm``: each ternary layer begins with a norm of its own.
    """

    family: str
    packing: str
    dtype: torch.dtype
    tied: bool
    sharded: bool
    rms_norm: bool

    @property
    def label(self) -> str:
        """The case in words."""
        words = [self.family, self.packing, str(self.dtype).removeprefix("torch.")]
        words += ["tied" if self.tied else "untied", "sharded" if self.sharded else "single file"]
        return ", ".join([*words, *(["use_rms_norm"] if self.rms_norm else [])])

    def checkpoint(self) -> Checkpoint:
        """Return a checkpoint with random weights, the same in every process."""
        config = _SHAPE | FAMILIES[self.family] | BYTES_MARKER
        config |= {"tie_word_embeddings": self.tied, "dtype": str(self.dtype)[len("torch.") :]}
        config["quantization_config"] = {
            "quant_method": "bitnet",
            "use_rms_norm": self.rms_norm,
            **PACKINGS[self.packing],
        }
        generator = torch.Generator().manual_seed(zlib.crc32(self.label.encode()))
        tensors: dict[str, Tensor] = {}
        for name, shape in _shapes(config):
            if name.endswith(_WEIGHT):
                # Scales all different, and none near 1, where the two conventions meet.
                spread = torch.empty(()).uniform_(0.05, 0.5, generator=generator)
                master = torch.randn(shape, generator=generator) * spread
                tensors |= self._projection(name, master)
                if self.rms_norm:
                    norm = torch.empty(shape[1]).uniform_(0.5, 1.5, generator=generator)
                    tensors[name.replace("weight", "rms_norm.weight")] = norm
            elif name.endswith("norm.weight"):
                tensors[name] = torch.empty(shape).uniform_(0.5, 1.5, generator=generator)
            else:
                tensors[name] = torch.randn(shape, generator=generator)
        stored = {
            name: tensor if tensor.dtype == torch.uint8 else tensor.to(self.dtype)
            for name, tensor in tensors.items()
        }
        return Checkpoint(config, stored)

    def _projection(self, name: str, master: Tensor) -> dict[str, Tensor]:
        if self.packing == "autobitlinear online":
            return {name: master}
        ternary, inverse_mean = _quantise(master)
        scale = inverse_mean if self.packing == "bitlinear" else inverse_mean.reciprocal()
        return {name: _pack(ternary), f"{name}_scale": scale.reshape(1)}


def all_cases() -> list[Case]:
    """Return every combination; the Falcon models have no tied heads."""
    dtypes = (torch.float32, torch.bfloat16, torch.float16)
    choices = itertools.product(FAMILIES, PACKINGS, dtypes, *[(False, True)] * 3)
    cases = itertools.starmap(Case, choices)
    return [case for case in cases if not (case.family == "falcon" and case.tied)]


def exact_copy(checkpoint: Checkpoint) -> Checkpoint:
    """Return a checkpoint for transformers' ``BitLinear`` with the weights of an AutoBitLinear one.

    That layer computes with integers, so that its logits are exact. Its scale is the reciprocal of
    the other's.
    """
    tensors = dict(checkpoint.tensors)
    for name, tensor in checkpoint.tensors.items():
        if name.endswith(_SCALE):
            tensors[name] = tensor.to(torch.float32).reciprocal()
        elif name.endswith(_WEIGHT) and tensor.dtype != torch.uint8:
            ternary, inverse_mean = _quantise(tensor.to(torch.float32))
            tensors[name] = _pack(ternary)
            tensors[f"{name}_scale"] = inverse_mean.reshape(1)
    quantization = checkpoint.config["quantization_config"] | PACKINGS["bitlinear"]
    quantization["quantization_mode"] = "offline"
    return Checkpoint(checkpoint.config | {"quantization_config": quantization}, tensors)


def fused_copy(checkpoint: Checkpoint) -> Checkpoint:
    """Return a packed checkpoint with q, k, v in one tensor, and gate and up, with their scales."""
    from transformers.integrations.bitnet import unpack_weights

    tensors = dict(checkpoint.tensors)
    for name in checkpoint.tensors:
        for fused, (first, *others) in _FUSED.items():
            if not name.endswith(f".{first}{_WEIGHT}"):
                continue
            stem = name.removesuffix(f"{first}{_WEIGHT}")
            packed = [tensors.pop(f"{stem}{role}{_WEIGHT}") for role in (first, *others)]
            scales = [tensors.pop(f"{stem}{role}{_SCALE}") for role in (first, *others)]
            ternary = torch.cat([unpack_weights(part, torch.float32) for part in packed])
            tensors[f"{stem}{fused}{_WEIGHT}"] = _pack(ternary)
            tensors[f"{stem}{fused}{_SCALE}"] = torch.cat(scales)
    return Checkpoint(checkpoint.config, tensors)


def _shapes(config: dict[str, Any]) -> Iterator[tuple[str, torch.Size]]:
    """Yield what a model of transformers has, before its layers are made ternary."""
    from transformers import AutoConfig, AutoModelForCausalLM

    plain = {key: value for key, value in config.items() if key != "quantization_config"}
    make: Any = AutoModelForCausalLM.from_config
    with torch.device("meta"):
        network = make(AutoConfig.for_model(**plain))
    for name, tensor in network.state_dict().items():
        if name != "lm_head.weight" or not config["tie_word_embeddings"]:
            yield name, tensor.shape


def _quantise(master: Tensor) -> tuple[Tensor, Tensor]:
    """Quantise as transformers' ``WeightQuant`` does, before it scales the weights back."""
    scale = 1.0 / master.abs().mean().clamp(min=_SMALLEST_MEAN)
    return (master * scale).round().clamp(-1, 1), scale


def _pack(ternary: Tensor) -> Tensor:
    from transformers.integrations.bitnet import pack_weights

    # It works in place.
    packed: Tensor = pack_weights(ternary.clone())
    return packed
