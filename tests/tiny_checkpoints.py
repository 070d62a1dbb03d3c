"""Tiny checkpoints written by hand, one for each family and packing; tests load it by its path."""

import json

import gguf
import numpy as np
import torch
from safetensors.torch import save_file

from bitnet_hw.model import Model
from golden.quantize import absmean_ternary

ROLES = ("q", "k", "v", "o", "gate", "up", "down")
FUSED = {"qkv": ("q", "k", "v"), "gate_up": ("gate", "up")}

SHAPE = Model(
    hidden=24,
    layers=2,
    heads=3,
    kv_heads=1,
    head_dim=8,
    ffn=40,
    vocab=12,
    context=64,
    tied_embeddings=True,
    activation="relu2",
    sub_norms=True,
)
WIDE = SHAPE.model_copy(
    update={"hidden": 256, "layers": 1, "heads": 4, "kv_heads": 2, "head_dim": 64, "ffn": 256}
)


def masters(model, seed=0, dtype=torch.float32):
    """Return random float weights of every projection, by layer and role."""
    generator = torch.Generator().manual_seed(seed)
    return {
        (layer, role): torch.randn(p.n, p.k, generator=generator).to(dtype)
        for layer in range(model.layers)
        for role, p in zip(ROLES, model.projections, strict=True)
    }


def expected(weights):
    """Return the golden ternary matrices of float weights."""
    return {key: absmean_ternary(weight) for key, weight in weights.items()}


def hf_config(model, **quantization):
    config = {
        "model_type": "bitnet" if model.sub_norms else "llama",
        "hidden_size": model.hidden,
        "num_hidden_layers": model.layers,
        "num_attention_heads": model.heads,
        "num_key_value_heads": model.kv_heads,
        "head_dim": model.head_dim,
        "intermediate_size": model.ffn,
        "vocab_size": model.vocab,
        "max_position_embeddings": model.context,
        "tie_word_embeddings": model.tied_embeddings,
        "hidden_act": model.activation,
    }
    if quantization:
        config["quantization_config"] = {"quant_method": "bitnet", **quantization}
    return config


def hf_others(model, norm="attn_sub_norm"):
    tensors = {"model.embed_tokens.weight": torch.zeros(model.vocab, model.hidden)}
    if not model.tied_embeddings:
        tensors["lm_head.weight"] = torch.zeros(model.vocab, model.hidden)
    for layer in range(model.layers):
        name = f"model.layers.{layer}"
        tensors[f"{name}.input_layernorm.weight"] = torch.ones(model.hidden)
        if model.sub_norms:
            tensors[f"{name}.self_attn.{norm}.weight"] = torch.ones(model.q_dim)
    return tensors


def quarter_bytes(ternary):
    """Return a matrix packed as transformers does; compared with transformers' own in one test."""
    quarters = (ternary + 1).to(torch.uint8).reshape(4, -1, ternary.shape[1])
    return quarters[0] | quarters[1] << 2 | quarters[2] << 4 | quarters[3] << 6


def hf_tensors(model, weights, *, linear_class=None, fused=False, scale_dtype=torch.float32):
    """Return the tensors of a checkpoint: packed if `linear_class` is given, else float."""
    tensors = hf_others(model)
    for layer in range(model.layers):
        groups = [("qkv", FUSED["qkv"]), ("o", ("o",)), ("gate_up", FUSED["gate_up"])]
        groups = [*groups, ("down", ("down",))] if fused else [(role, (role,)) for role in ROLES]
        for group, roles in groups:
            block = "self_attn" if roles[0] in "qkvo" else "mlp"
            name = f"model.layers.{layer}.{block}.{group}_proj.weight"
            stacked = torch.cat([weights[layer, role] for role in roles])
            if linear_class is None:
                tensors[name] = stacked
                continue
            ternary = absmean_ternary(stacked)
            scale = ternary.inverse_mean if linear_class == "bitlinear" else ternary.mean
            tensors[name] = quarter_bytes(ternary.ternary)
            tensors[f"{name}_scale"] = scale.reshape(1).to(scale_dtype)
    return tensors


def write_hf(folder, config, tensors, shards=1):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    if shards == 1:
        save_file(tensors, folder / "model.safetensors")
        return folder
    names = sorted(tensors)
    places = {}
    for number in range(shards):
        file = f"model-{number + 1:05}-of-{shards:05}.safetensors"
        part = {name: tensors[name] for name in names[number::shards]}
        save_file(part, folder / file)
        places.update(dict.fromkeys(part, file))
    index = {"metadata": {}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


GGUF_NAMES = {
    "q": "attn_q",
    "k": "attn_k",
    "v": "attn_v",
    "o": "attn_output",
    "gate": "ffn_gate",
    "up": "ffn_up",
    "down": "ffn_down",
}


def i2s_bytes(ternary, mean, layout):
    """Return a matrix in I2_S, weight by weight from the layouts' definition."""
    n, k = ternary.shape
    data = bytearray(n * k // 4 + 32)
    for row in range(n):
        for column in range(k):
            flat = row * k + column
            if layout == "rows4":
                place, lane = row // 4 * k + column, row % 4
            else:
                size = {"blocks128": 128, "blocks64": 64}[layout]
                block, inner = divmod(flat, size)
                place, lane = block * size // 4 + inner % (size // 4), inner // (size // 4)
            data[place] |= (int(ternary[row, column]) + 1) << 6 - 2 * lane
    data[n * k // 4 : n * k // 4 + 4] = np.float32(mean).tobytes()
    return np.frombuffer(bytes(data), np.uint8)


def write_gguf(path, model, matrices, kind, *, architecture="bitnet", layout=None, scales=None):
    """Write a GGUF file of golden ternary matrices.

    `kind` is a type of the gguf package, or I2_S, which the package does not know: its bytes are
    written as I8 and the type number is changed in the file.
    """
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_embedding_length(model.hidden)
    writer.add_block_count(model.layers)
    writer.add_feed_forward_length(model.ffn)
    writer.add_head_count(model.heads)
    writer.add_head_count_kv(model.kv_heads)
    writer.add_key_length(model.head_dim)
    writer.add_context_length(model.context)
    writer.add_token_list([f"t{number}" for number in range(model.vocab)])
    writer.add_tensor("token_embd.weight", np.zeros((model.vocab, model.hidden), np.float32))
    if not model.tied_embeddings:
        writer.add_tensor("output.weight", np.zeros((model.vocab, model.hidden), np.float32))
    for (layer, role), matrix in matrices.items():
        name = f"blk.{layer}.{GGUF_NAMES[role]}.weight"
        ternary, mean = matrix.ternary.numpy(), matrix.mean.numpy()
        if kind in ("TQ1_0", "TQ2_0"):
            kind_id = gguf.GGMLQuantizationType[kind]
            data = gguf.quants.quantize(ternary.astype(np.float32) * np.float16(mean), kind_id)
            writer.add_tensor(name, data, raw_dtype=kind_id)
        elif kind == "I2_S":
            data = i2s_bytes(ternary, mean, layout).view(np.int8)
            writer.add_tensor(name, data)
        else:
            dtype = {"F32": np.float32, "F16": np.float16}[kind]
            writer.add_tensor(name, (ternary * mean).astype(dtype))
        if scales:
            writer.add_tensor(name.replace("weight", "scale"), np.array([scales], np.float32))
        if model.sub_norms and role == "o":
            norm = np.ones(model.q_dim, np.float32)
            writer.add_tensor(f"blk.{layer}.attn_sub_norm.weight", norm)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    if kind == "I2_S":
        _declare_i2s(path, matrices)
    return path


def _declare_i2s(path, matrices):
    """Turn the one-dimensional I8 entries of matrices into two-dimensional I2_S ones."""
    data = path.read_bytes()
    reader = gguf.GGUFReader(path)
    start = reader.data_offset
    grown = 0
    for (layer, role), matrix in matrices.items():
        name = f"blk.{layer}.{GGUF_NAMES[role]}.weight".encode()
        n, k = matrix.ternary.shape
        at = data.index(len(name).to_bytes(8, "little") + name) + 8 + len(name)
        entry = b"".join((
            (2).to_bytes(4, "little"),
            k.to_bytes(8, "little"),
            n.to_bytes(8, "little"),
            (36).to_bytes(4, "little"),
        ))
        data = data[:at] + entry + data[at + 16 :]
        grown += 8
    header = data[: start + grown]
    end = -(-_end_of_header(reader, grown) // 32) * 32
    path.write_bytes(
        header[: _end_of_header(reader, grown)].ljust(end, b"\0") + data[start + grown :]
    )


def _end_of_header(reader, grown):
    last = reader.tensors[-1].field
    return last.offset + sum(int(part.nbytes) for part in last.parts) + grown
