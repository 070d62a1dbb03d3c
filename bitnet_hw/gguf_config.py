"""The configuration that transformers needs for the model in a GGUF file, from its metadata.

Keys: ggml ``docs/gguf.md``. Two families are run: bitnet, with an RMSNorm in front of the output
and down projections, and llama, without. What would change the numbers and is not among them
(scaled RoPE, RoPE of a part of each head) is refused.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.reader import Checkpoint
from bitnet_hw.key_path import show

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

__all__ = ["gguf_config", "stop_tokens"]

_ROPE_THETA = 10_000.0
"""ggml's, of files that do not say otherwise."""

_STOP_KEYS = ("eos_token_id", "eot_token_id", "eom_token_id")
"""Ends of a text, of a turn, and of a message: after none of them has a model anything to say."""


def gguf_config(checkpoint: Checkpoint) -> "PreTrainedConfig":
    """Return a BitNetConfig for the architectures of BitNet, and a LlamaConfig for llama.

    Raises
    ------
    CheckpointError
        If a key is missing or wrong, or says something that the network here does not do.
    """
    from transformers import BitNetConfig, LlamaConfig

    path, values, model = checkpoint.path, checkpoint.config, checkpoint.model
    architecture = str(values["general.architecture"])
    _check_rope(path, values, architecture, model.head_dim)
    stop = stop_tokens(path, values, model.vocab)
    if model.hidden % model.heads:
        raise CheckpointError(
            f"{path}: {architecture}.embedding_length must be a multiple of "
            f"{architecture}.attention.head_count ({model.heads}), not {model.hidden}"
        )
    theta = _number(path, values, f"{architecture}.rope.freq_base", default=_ROPE_THETA)
    kind: Any = LlamaConfig if architecture == "llama" else BitNetConfig
    config: PreTrainedConfig = kind(
        vocab_size=model.vocab,
        hidden_size=model.hidden,
        intermediate_size=model.ffn,
        num_hidden_layers=model.layers,
        num_attention_heads=model.heads,
        num_key_value_heads=model.kv_heads,
        head_dim=model.head_dim,
        hidden_act=model.activation,
        max_position_embeddings=model.context,
        rms_norm_eps=_number(path, values, f"{architecture}.attention.layer_norm_rms_epsilon"),
        rope_parameters={"rope_type": "default", "rope_theta": theta},
        tie_word_embeddings=model.tied_embeddings,
        bos_token_id=None,
        eos_token_id=sorted(stop) or None,
        pad_token_id=None,
        dtype="float32",
    )
    return config


def stop_tokens(path: Path, values: Mapping[str, Any], vocabulary: int) -> frozenset[int]:
    """Return the tokens that end a text.

    Raises
    ------
    CheckpointError
        If one is not of the vocabulary.
    """
    keys = [f"tokenizer.ggml.{key}" for key in _STOP_KEYS]
    for key in keys:
        value = values.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < vocabulary:
            raise CheckpointError(
                f"{path}: {key} must be a token, from 0 to {vocabulary - 1}, not {show(value)}"
            )
    return frozenset(values[key] for key in keys if key in values)


def _number(path: Path, values: Mapping[str, Any], key: str, default: float | None = None) -> float:
    value = values.get(key, default)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < value < math.inf:
        given = "missing" if value is None else show(value)
        raise CheckpointError(f"{path}: {key} must be a positive number, not {given}")
    return float(value)


def _check_rope(path: Path, values: Mapping[str, Any], architecture: str, head_dim: int) -> None:
    for key, only in (
        ("rope.dimension_count", head_dim),
        ("rope.scaling.type", "none"),
        ("rope.scale_linear", 1.0),
        ("attention.value_length", head_dim),
    ):
        name = f"{architecture}.{key}"
        if values.get(name, only) != only:
            raise CheckpointError(f"{path}: {name} must be {show(only)}, not {show(values[name])}")
