"""What hostile checkpoints are made of: a right model of one layer in every kind of file."""

import json
import struct
from typing import Any

import numpy as np

from benchmarks.fuzz_binary import GgufFile, SafetensorsFile
from bitnet_hw.config import load_config
from bitnet_hw.weight_image.checksum import Crc32c
from bitnet_hw.weight_image.manifest import array_of
from sim.packing import pack_weights

__all__ = [
    "GGUF",
    "HF_CONFIGS",
    "INDICES",
    "MANIFEST",
    "MASTERS",
    "PACKED",
    "TOKENIZERS",
    "WEIGHTS",
]

_CONFIG = {
    "model_type": "llama",
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 4,
    "intermediate_size": 12,
    "vocab_size": 6,
    "max_position_embeddings": 64,
    "tie_word_embeddings": True,
    "hidden_act": "silu",
}
_QUANTIZATION = {
    "quant_method": "bitnet",
    "quantization_mode": "offline",
    "linear_class": "autobitlinear",
    "modules_to_not_convert": ["lm_head"],
}
HF_CONFIGS = tuple(
    json.dumps(config).encode()
    for config in (
        _CONFIG,
        _CONFIG | {"quantization_config": _QUANTIZATION, "_name_or_path": "x/y"},
        _CONFIG | {"model_type": "bitnet", "architectures": ["BitNetForCausalLM"]},
    )
)
# Rows and columns of each projection of the model above.
_SIZES = {
    "self_attn.q_proj": (8, 8),
    "self_attn.k_proj": (4, 8),
    "self_attn.v_proj": (4, 8),
    "self_attn.o_proj": (8, 8),
    "mlp.gate_proj": (12, 8),
    "mlp.up_proj": (12, 8),
    "mlp.down_proj": (8, 12),
}


def _safetensors(parts: list[tuple[str, str, list[int], bytes]]) -> SafetensorsFile:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, dtype, shape, content in parts:
        place = [len(data), len(data) + len(content)]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": place}
        data += content
    return SafetensorsFile(header, data)


_TABLE = ("model.embed_tokens.weight", "F32", [6, 8], bytes(4 * 48))
_NORM = ("model.norm.weight", "F16", [8], bytes(16))
_ONE = struct.pack("<f", 1.0)
MASTERS = _safetensors([
    _TABLE,
    _NORM,
    *(
        (f"model.layers.0.{name}.weight", "F32", [n, k], _ONE * (n * k))
        for name, (n, k) in _SIZES.items()
    ),
])
PACKED = _safetensors([
    _TABLE,
    _NORM,
    *(
        part
        for name, (n, k) in _SIZES.items()
        for part in (
            (f"model.layers.0.{name}.weight", "U8", [n // 4, k], b"\x46" * (n * k // 4)),
            (f"model.layers.0.{name}.weight_scale", "F32", [1], _ONE),
        )
    ),
])
_SHARD = "model.safetensors"
INDICES = tuple(
    json.dumps({"metadata": {"total_size": 8}, "weight_map": weight_map}).encode()
    for weight_map in (
        {name: _SHARD for name in MASTERS.header if name != "__metadata__"},
        {"model.norm.weight": _SHARD, "lm_head.weight": "a-00001-of-00002.safetensors"},
    )
)

_GGUF_SIZES = {
    "attn_q": (8, 8),
    "attn_k": (4, 8),
    "attn_v": (4, 8),
    "attn_output": (8, 8),
    "ffn_gate": (12, 8),
    "ffn_up": (12, 8),
    "ffn_down": (8, 12),
}
_ELEMENT = struct.pack("<Q", 1) + b"a"


def _gguf(
    architecture: str,
    kind: int,
    *,
    more: tuple[tuple[str, int, Any], ...] = (),
) -> GgufFile:
    """Return a model of one layer whose projections are of a type: 0 for F32, 36 for I2_S."""
    keys: list[tuple[str, int, Any]] = [
        ("general.architecture", 8, architecture),
        ("general.name", 8, "tiny"),
        ("general.alignment", 4, 32),
        (f"{architecture}.embedding_length", 4, 8),
        (f"{architecture}.block_count", 4, 1),
        (f"{architecture}.feed_forward_length", 4, 12),
        (f"{architecture}.attention.head_count", 4, 2),
        (f"{architecture}.attention.head_count_kv", 4, 1),
        (f"{architecture}.attention.key_length", 4, 4),
        (f"{architecture}.context_length", 4, 64),
        (f"{architecture}.attention.layer_norm_rms_epsilon", 6, 1e-5),
        *more,
    ]
    tensors: list[tuple[str, list[int], int, int]] = [("token_embd.weight", [8, 6], 0, 0)]
    data = bytes(4 * 48)
    for name, (n, k) in _GGUF_SIZES.items():
        tensors.append((f"blk.0.{name}.weight", [k, n], kind, len(data)))
        part = _ONE * (n * k) if kind == 0 else b"\x19" * (n * k // 4) + _ONE + bytes(28)
        data += part + bytes(-len(part) % 32)
    return GgufFile(keys, tensors, data)


_TOKENS = ("tokenizer.ggml.tokens", 9, (8, 6, _ELEMENT * 6))
GGUF = (
    _gguf("llama", 0, more=(("general.file_type", 4, 0), ("llama.rope.freq_base", 6, 1e4))),
    _gguf("bitnet-b1.58", 36, more=(_TOKENS, ("bitnet-b1.58.vocab_size", 4, 6))),
)


def _strings(*texts: str) -> tuple[int, int, bytes]:
    content = b"".join(struct.pack("<Q", len(t.encode())) + t.encode() for t in texts)
    return 8, len(texts), content


_WORDS = ("<unk>", "<s>", "a", "b", "ab", "\u0120")
TOKENIZERS = (
    _gguf(
        "llama",
        0,
        more=(
            ("tokenizer.ggml.model", 8, "gpt2"),
            ("tokenizer.ggml.pre", 8, "gpt-2"),
            ("tokenizer.ggml.tokens", 9, _strings(*_WORDS)),
            ("tokenizer.ggml.merges", 9, _strings("a b")),
            ("tokenizer.ggml.token_type", 9, (5, 6, struct.pack("<6i", 2, 3, 1, 1, 1, 1))),
            ("tokenizer.ggml.bos_token_id", 4, 1),
            ("tokenizer.ggml.eos_token_id", 4, 1),
        ),
    ),
    _gguf(
        "llama",
        0,
        more=(
            ("tokenizer.ggml.model", 8, "llama"),
            ("tokenizer.ggml.tokens", 9, _strings(*_WORDS)),
            ("tokenizer.ggml.scores", 9, (6, 6, struct.pack("<6f", 0, 0, -1, -2, -3, -4))),
            ("tokenizer.ggml.token_type", 9, (5, 6, struct.pack("<6i", 2, 3, 1, 1, 1, 1))),
            ("tokenizer.ggml.unknown_token_id", 4, 0),
            ("tokenizer.ggml.add_space_prefix", 7, 0),
        ),
    ),
)


def _image() -> tuple[bytes, bytes]:
    """Return the manifest and the weights of the model of `MASTERS`, all of which are +1."""
    array = load_config("tiny").array
    jobs, weights = [], b""
    for name, (n, k) in _SIZES.items():
        part = pack_weights(array, np.ones((n, k), np.int8)).tobytes()
        jobs.append({
            "tensor": f"model.layers.0.{name}.weight",
            "layer": 0,
            "role": name.partition(".")[2].removesuffix("_proj"),
            "k": k,
            "n": n,
            "offset": len(weights),
            "length": len(part),
            "crc32c": _checksum(part),
            "inverse_mean": 1.0,
        })
        weights += part
    manifest = {
        "format": "bitnet-hw weight image 1",
        "file": "weights.bin",
        "checkpoint": "model",
        "model": "tiny",
        "array": array_of(array),
        "weights": sum(n * k for n, k in _SIZES.values()),
        "length": len(weights),
        "crc32c": _checksum(weights),
        "jobs": jobs,
    }
    return json.dumps(manifest).encode(), weights


def _checksum(data: bytes) -> str:
    crc = Crc32c()
    crc.update(data)
    return crc.text()


MANIFEST, WEIGHTS = _image()
