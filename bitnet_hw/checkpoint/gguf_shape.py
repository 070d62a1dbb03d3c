"""The shape of the model in a GGUF file, from its metadata.

Keys: ggml ``docs/gguf.md``, section LLM. bitnet.cpp names the architecture of 2B4T ``bitnet-b1.58``
and its feed-forward block has the squared ReLU; a file may also name the function in
``hidden_activation``.
"""

from typing import Any

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.gguf_header import ArrayLength, GgufHeader
from bitnet_hw.key_path import printable, show
from bitnet_hw.model import Model

__all__ = ["ARCHITECTURES", "gguf_model"]

ARCHITECTURES = ("bitnet", "bitnet-b1.58", "llama")
_ACTIVATIONS = {"silu": "silu", "relu2": "relu2", "relu_sqr": "relu2"}
_LARGEST = 1 << 24
_LONGEST_TITLE = 200


def gguf_model(header: GgufHeader) -> Model:
    """Return the shape that a GGUF file states.

    Raises
    ------
    CheckpointError
        If a key is missing or has a value that no ternary model of the LLaMA family has.
    """
    path, values = header.path, header.values
    architecture = values.get("general.architecture")
    if architecture not in ARCHITECTURES:
        raise _wrong(header, "general.architecture", ", ".join(ARCHITECTURES), architecture)

    def count(key: str, default: int | None = None) -> int:
        name = f"{architecture}.{key}"
        value = values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LARGEST:
            raise _wrong(header, name, f"an integer from 1 to {_LARGEST}", value)
        return value

    hidden, heads = count("embedding_length"), count("attention.head_count")
    kv_heads = count("attention.head_count_kv", heads)
    if heads % kv_heads:
        key = f"{architecture}.attention.head_count_kv"
        raise _wrong(header, key, f"a divisor of {heads} heads", kv_heads)
    default = "relu2" if architecture == "bitnet-b1.58" else "silu"
    key = f"{architecture}.hidden_activation"
    activation = _ACTIVATIONS.get(str(values.get(key, default)))
    if activation is None:
        raise _wrong(header, key, f"one of {', '.join(_ACTIVATIONS)}", values[key])
    return Model.model_validate({
        "name": printable(path.stem),
        "title": printable(str(values.get("general.name", "")), _LONGEST_TITLE),
        "source": printable(str(path)),
        "status": "read from the file",
        "hidden": hidden,
        "layers": count("block_count"),
        "heads": heads,
        "kv_heads": kv_heads,
        "head_dim": count("attention.key_length", hidden // heads),
        "ffn": count("feed_forward_length"),
        "vocab": _vocab(header, str(architecture)),
        "context": count("context_length"),
        "tied_embeddings": "output.weight" not in header.tensors,
        "activation": activation,
        "sub_norms": "blk.0.attn_sub_norm.weight" in header.tensors,
    })


def _vocab(header: GgufHeader, architecture: str) -> int:
    """Return the rows of the embedding table, or what else tells the size of the vocabulary."""
    table = header.tensors.get("token_embd.weight")
    tokens = header.values.get("tokenizer.ggml.tokens")
    value: Any = header.values.get(f"{architecture}.vocab_size")
    if table is not None and len(table.shape) == 2:
        value = table.shape[0]
    elif value is None and isinstance(tokens, ArrayLength):
        value = tokens.length
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LARGEST:
        raise _wrong(header, f"{architecture}.vocab_size", f"from 1 to {_LARGEST}", value)
    return value


def _wrong(header: GgufHeader, key: str, requirement: str, value: object) -> CheckpointError:
    given = "missing" if value is None else show(value)
    return CheckpointError(f"{header.path}: {key} must be {requirement}, not {given}")
