"""``config.json`` of a Hugging Face checkpoint: the shape of the model, and how weights are stored.

The keys are those of ``LlamaConfig``, ``BitNetConfig`` and ``BitNetQuantConfig`` in transformers 5,
with the defaults that these classes give to keys that are absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.json_file import read_object
from bitnet_hw.key_path import printable, show
from bitnet_hw.model import Model

__all__ = ["HfConfig", "read_hf_config"]

_ACTIVATIONS = ("silu", "relu2")
_LINEAR_CLASSES = ("bitlinear", "autobitlinear")
_MODES = ("offline", "online")
_PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_LARGEST = 1 << 24
_LONGEST_TITLE = 200


@dataclass(frozen=True)
class HfConfig:
    """What ``config.json`` says.

    Parameters
    ----------
    path : Path
        The file.
    model : Model
        The shape.
    packed : bool
        Weights are packed (``quantization_mode: offline``) rather than float master weights.
    linear_class : str
        ``"bitlinear"``: a packed weight's scale is the inverse mean, outputs are divided by it.
        ``"autobitlinear"``: it is the mean, outputs are multiplied by it.
    data : mapping
        The whole file.
    """

    path: Path
    model: Model
    packed: bool
    linear_class: str
    data: Mapping[str, Any]


def read_hf_config(path: Path) -> HfConfig:
    """Read a ``config.json``.

    Raises
    ------
    CheckpointError
        If a key is missing or has a value that no ternary model of the LLaMA family has.
    """
    data = read_object(path)
    quantization = data.get("quantization_config")
    packed, linear_class = False, "bitlinear"
    if quantization is not None:
        if not isinstance(quantization, dict):
            raise _wrong(path, "quantization_config", "an object", quantization)
        packed, linear_class = _quantization(path, quantization)
    return HfConfig(path, _model(path, data), packed, linear_class, data)


def _model(path: Path, data: Mapping[str, Any]) -> Model:
    hidden = _count(path, data, "hidden_size")
    heads = _count(path, data, "num_attention_heads")
    kv_heads = _count(path, data, "num_key_value_heads", heads)
    if heads % kv_heads:
        raise _wrong(path, "num_key_value_heads", f"a divisor of {heads} heads", kv_heads)
    if data.get("head_dim") is None and hidden % heads:
        raise _wrong(path, "hidden_size", f"a multiple of {heads} heads", hidden)
    activation = data.get("hidden_act", "silu")
    if activation not in _ACTIVATIONS:
        raise _wrong(path, "hidden_act", f"one of {', '.join(_ACTIVATIONS)}", activation)
    tied = data.get("tie_word_embeddings", False)
    if not isinstance(tied, bool):
        raise _wrong(path, "tie_word_embeddings", "true or false", tied)
    title = str(data.get("_name_or_path") or data.get("model_type") or "")
    return Model(
        name=printable(path.absolute().parent.name) or "checkpoint",
        title=printable(title, _LONGEST_TITLE),
        source=printable(str(path)),
        status="read from the file",
        hidden=hidden,
        layers=_count(path, data, "num_hidden_layers"),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=_count(path, data, "head_dim", hidden // heads),
        ffn=_count(path, data, "intermediate_size"),
        vocab=_count(path, data, "vocab_size"),
        context=_count(path, data, "max_position_embeddings", 2048),
        tied_embeddings=tied,
        activation=activation,
        sub_norms=_has_sub_norms(data),
    )


def _has_sub_norms(data: Mapping[str, Any]) -> bool:
    """Tell whether the architecture is BitNet's own; Llama's and Falcon's have no sub-norms."""
    architectures = data.get("architectures")
    names = architectures if isinstance(architectures, list) else []
    return data.get("model_type") == "bitnet" or any(
        str(name).lower().startswith("bitnet") for name in names
    )


def _quantization(path: Path, block: Mapping[str, Any]) -> tuple[bool, str]:
    def choice(key: str, known: tuple[str, ...], default: str | None) -> str:
        value = block.get(key, default)
        if value not in known:
            name = f"quantization_config.{key}"
            raise _wrong(path, name, f"one of {', '.join(known)}", value)
        return str(value)

    choice("quant_method", ("bitnet",), None)
    mode = choice("quantization_mode", _MODES, "offline")
    linear_class = choice("linear_class", _LINEAR_CLASSES, "bitlinear")
    kept = block.get("modules_to_not_convert") or []
    if not isinstance(kept, list):
        raise _wrong(path, "quantization_config.modules_to_not_convert", "a list", kept)
    for name in kept:
        if any(str(name).endswith(projection) for projection in _PROJECTIONS):
            raise CheckpointError(
                f"{path}: quantization_config.modules_to_not_convert must leave every projection "
                f"ternary, not exclude {show(name)}"
            )
    return mode == "offline", linear_class


def _count(path: Path, data: Mapping[str, Any], key: str, default: int | None = None) -> int:
    value = data.get(key)
    if value is None:
        value = default
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LARGEST:
        raise _wrong(path, key, f"an integer from 1 to {_LARGEST}", value)
    return value


def _wrong(path: Path, key: str, requirement: str, value: object) -> CheckpointError:
    given = "missing" if value is None else show(value)
    return CheckpointError(f"{path}: {key} must be {requirement}, not {given}")
