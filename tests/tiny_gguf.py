"""Whole language models as GGUF files, as llama.cpp's converter writes them; loaded by its path.

Names of tensors come from the gguf package, the order of rows from the converter's own function.
"""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import gguf
import numpy as np
import torch
from transformers import BitNetConfig, BitNetForCausalLM, LlamaConfig, LlamaForCausalLM

from bitnet_hw.text_codec import BYTES_MARKER
from golden.network import freeze, ternary_layers
from golden.ternarize import ternarize

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_checkpoints.py"))))

SHAPE = {
    "vocab_size": 256,
    "hidden_size": 256,
    "intermediate_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 64,
    "max_position_embeddings": 48,
    "rms_norm_eps": 1e-5,
    "rope_parameters": {"rope_type": "default", "rope_theta": 500_000.0},
    "bos_token_id": None,
    "eos_token_id": None,
}
CLASSES = {
    "bitnet": (BitNetConfig, BitNetForCausalLM),
    "bitnet-b1.58": (BitNetConfig, BitNetForCausalLM),
    "llama": (LlamaConfig, LlamaForCausalLM),
}
# The names of the sub-norms in 1bitLLM's models are those that the package knows.
SUB_NORMS = {"attn_sub_norm": "inner_attn_ln", "mlp.ffn_sub_norm": "mlp.ffn_layernorm"}


def float_network(architecture, *, seed=0, **changes):
    """Return a network in fp32 in which no two tensors are alike, norms included."""
    config, kind = CLASSES[architecture]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = kind(config(**(SHAPE | changes)))
        with torch.no_grad():
            for name, weight in network.named_parameters():
                if "norm" in name:
                    weight.uniform_(0.5, 1.5)
    return network.eval()


def ternary_network(architecture, *, seed=0, **changes):
    """Return a frozen network whose scales are those of half-precision means."""
    network = float_network(architecture, seed=seed, **changes)
    ternarize(network, keep=("lm_head",))
    frozen = freeze(network)
    for _, layer in ternary_layers(frozen):
        layer.inverse_mean = layer.weight.mean.half().float().reciprocal()
    return frozen


def write_gguf(
    path,
    network,
    kind,
    *,
    architecture,
    layout=None,
    embedding="F32",
    metadata=None,
    skip=(),
    more=None,
):
    """Write a network; `kind` is the type of its projections, `metadata` adds to its keys."""
    config = network.config
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_string(f"{architecture}.hidden_activation", config.hidden_act)
    (metadata or byte_tokens)(writer)
    matrices = {}
    for name, place, rows, mean in tensors(network, architecture):
        if name in skip:
            continue
        if place is None:
            data_kind = embedding if name in ("token_embd.weight", "output.weight") else "F32"
            add(writer, name, rows, data_kind)
        elif kind == "I2_S":
            matrices[place] = SimpleNamespace(ternary=torch.from_numpy(rows.astype(np.int8)))
            writer.add_tensor(name, tiny.i2s_bytes(rows.astype(int), mean, layout).view(np.int8))
        else:
            add(writer, name, rows * np.float32(mean), kind)
    for name, rows in (more or {}).items():
        add(writer, name, rows, "F32")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    if kind == "I2_S":
        tiny._declare_i2s(path, matrices)
    return path


def byte_tokens(writer):
    for key, value in BYTES_MARKER.items():
        writer.add_string(key, value)


def add(writer, name, rows, kind):
    kind_id = gguf.GGMLQuantizationType[kind]
    writer.add_tensor(name, gguf.quants.quantize(rows, kind_id), raw_dtype=kind_id)


def tensors(network, architecture):
    """Yield the name, the layer and role if it is a projection, the rows and the mean of each."""
    config = network.config
    arch = gguf.MODEL_ARCH.LLAMA if architecture == "llama" else gguf.MODEL_ARCH.BITNET
    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    weights = {name: (weight, 1.0) for name, weight in network.state_dict().items()}
    for name, layer in ternary_layers(network):
        del weights[f"{name}.ternary"], weights[f"{name}.inverse_mean"]
        weights[f"{name}.weight"] = layer.ternary.float(), float(layer.weight.mean)
    if config.tie_word_embeddings:
        del weights["lm_head.weight"]
    for name, (weight, mean) in weights.items():
        known = name.removesuffix(".weight")
        for own, other in SUB_NORMS.items():
            known = known.replace(own, other)
        rows = weight.numpy()
        place = None
        if known.endswith("_proj"):
            parts = known.split(".")
            place = int(parts[2]), parts[-1].removesuffix("_proj")
        if architecture == "llama" and known.endswith(("q_proj", "k_proj")):
            heads = config.num_attention_heads if place[1] == "q" else config.num_key_value_heads
            rows = permute(rows, heads)
        file_name = "output" if known == "lm_head" else names.get_name(known)
        yield f"{file_name}.weight", place, np.ascontiguousarray(rows), mean


def permute(weights, heads):
    """Interleave the two halves of each head's rows, as llama.cpp's converter does for LLaMA.

    Row i of the first half is followed by row i of the second: the order in which its rotary
    embedding turns pairs of neighbours.
    """
    size = len(weights) // heads
    order = [
        head * size + half * (size // 2) + row
        for head in range(heads)
        for row in range(size // 2)
        for half in range(2)
    ]
    return weights[order]
