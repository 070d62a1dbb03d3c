"""Shapes of the models, against counts worked out by hand."""

import json
import re

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.model import Projection, load_model

# layers x (attention projections + feed-forward projections)
TERNARY = {
    "bitnet-b1.58-700m": 24 * (4 * 1536 * 1536 + 3 * 1536 * 4096),
    "bitnet-b1.58-1.3b": 24 * (4 * 2048 * 2048 + 3 * 2048 * 5460),
    "bitnet-b1.58-3b": 26 * (4 * 3200 * 3200 + 3 * 3200 * 8640),
    "bitnet-b1.58-3.9b": 26 * (4 * 3200 * 3200 + 3 * 3200 * 12800),
    "bitnet-b1.58-70b": 80 * (2 * 8192 * 8192 + 2 * 8192 * 1024 + 3 * 8192 * 28672),
    "bitnet-b1.58-2b-4t": 30 * (2 * 2560 * 2560 + 2 * 2560 * 640 + 3 * 2560 * 6912),
    "llama3-8b-1.58": 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336),
    "falcon3-1b-1.58": 18 * (2 * 2048 * 2048 + 2 * 2048 * 1024 + 3 * 2048 * 8192),
    "falcon3-3b-1.58": 22 * (2 * 3072 * 3072 + 2 * 3072 * 1024 + 3 * 3072 * 9216),
    "falcon3-7b-1.58": 28 * (2 * 3072 * 3072 + 2 * 3072 * 1024 + 3 * 3072 * 23040),
    "falcon3-10b-1.58": 40 * (2 * 3072 * 3072 + 2 * 3072 * 1024 + 3 * 3072 * 23040),
    "falcon-e-1b": 24 * (2 * 2048 * 2048 + 2 * 2048 * 256 + 3 * 2048 * 9216),
    "falcon-e-3b": 32 * (2 * 2048 * 2048 + 2 * 2048 * 256 + 3 * 2048 * 13312),
    "llama-1t": 128 * (2 * 25600 * 25600 + 2 * 25600 * 1024 + 3 * 25600 * 86016),
}


@pytest.mark.parametrize("name", TERNARY)
def test_ternary_parameters(name):
    assert load_model(name).ternary_parameters == TERNARY[name]


def test_literals():
    assert TERNARY["bitnet-b1.58-700m"] == 679_477_248
    assert TERNARY["bitnet-b1.58-3b"] == 3_221_504_000
    assert TERNARY["bitnet-b1.58-70b"] == 68_451_041_280
    assert TERNARY["llama3-8b-1.58"] == 6_979_321_856
    assert TERNARY["llama-1t"] == 1_020_054_732_800


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("llama3-8b-1.58", 8.03),
        ("falcon3-1b-1.58", 1.669),
        ("falcon3-3b-1.58", 3.228),
        ("falcon3-7b-1.58", 7.456),
        ("falcon3-10b-1.58", 10.306),
        ("falcon-e-1b", 1.720),
        ("falcon-e-3b", 3.053),
    ],
)
def test_published_counts(name, billions):
    assert load_model(name).parameters / 1e9 == pytest.approx(billions, rel=5e-4)


def test_a_file_of_a_checkpoint(tmp_path):
    config = {
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 128,
        "vocab_size": 100,
    }
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    for reference in (path, tmp_path, tmp_path / "model.safetensors"):
        model = load_model(str(reference))
        assert model.name == tmp_path.name
        assert (model.q_dim, model.kv_dim, model.ffn, model.sub_norms) == (64, 64, 128, False)
    with pytest.raises(ConfigError, match=r"^File .*none\.gguf must exist$"):
        load_model(str(tmp_path / "none.gguf"))


def test_2b4t_agrees_with_its_checkpoint():
    model = load_model("bitnet-b1.58-2b-4t")
    assert model.ternary_parameters == 2_084_044_800
    assert model.parameters == 2_412_820_480
    assert model.embedding_parameters == 328_335_360
    assert model.lm_head_parameters == 0


def test_projections():
    model = load_model("bitnet-b1.58-2b-4t")
    assert model.projections == (
        Projection("q_proj", 2560, 2560),
        Projection("k_proj", 2560, 640),
        Projection("v_proj", 2560, 640),
        Projection("o_proj", 2560, 2560),
        Projection("gate_proj", 2560, 6912),
        Projection("up_proj", 2560, 6912),
        Projection("down_proj", 6912, 2560),
    )
    assert list(model.projection_groups) == ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]


def test_without_gate():
    model = load_model("bitnet-b1.58-3b").model_copy(update={"gated": False})
    assert list(model.projection_groups) == ["qkv_proj", "o_proj", "up_proj", "down_proj"]
    assert len(model.projections) == 6


def test_untied_head_and_cache():
    model = load_model("bitnet-b1.58-3b")
    assert model.lm_head_parameters == 102_400_000
    # 26 layers x keys and values x 3200 x 2 bytes.
    assert model.kv_cache_bytes(1) == 332_800


FILE = """\
hidden: 64
layers: 2
heads: 4
kv_heads: 3
head_dim: 16
ffn: 128
vocab: 100
context: 32
tied_embeddings: true
activation: silu
sub_norms: false
"""


def write(tmp_path, text):
    path = tmp_path / "own.yaml"
    path.write_text(text)
    return str(path)


def test_own_file(tmp_path):
    model = load_model(write(tmp_path, FILE.replace("kv_heads: 3", "kv_heads: 2")))
    assert model.name == "own"
    assert (model.q_dim, model.kv_dim) == (64, 32)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("", "", ": The file must be a model whose heads (4) are a multiple of kv_heads (3)"),
        ("layers: 2", "layers: 0", ":2: layers must be at least 1, not 0"),
        ("silu", "gelu", ":10: activation must be one of silu or relu2, not 'gelu'"),
        ("ffn: 128\n", "", ": ffn must be given"),
        (
            "ffn",
            "fnn",
            ":6: fnn must be a known key of the file; did you mean 'ffn'?",
        ),
        ("sub_norms: false", "sub_norms: no", ":11: sub_norms must be true or false, not 'no'"),
    ],
)
def test_wrong_file(tmp_path, old, new, message):
    path = write(tmp_path, FILE.replace(old, new) if old else FILE)
    with pytest.raises(ConfigError, match=f"^{re.escape(path + message)}$"):
        load_model(path)
