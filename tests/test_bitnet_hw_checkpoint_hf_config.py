"""``config.json``: the defaults of transformers' classes, and one sentence for what is wrong."""

import json
import re

import pytest

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.hf_config import read_hf_config

SMALL = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 100,
}


def write(tmp_path, **changes):
    data = {key: value for key, value in {**SMALL, **changes}.items() if value != "missing"}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(data))
    return path


def test_defaults(tmp_path):
    config = read_hf_config(write(tmp_path))
    model = config.model
    assert (model.kv_heads, model.head_dim, model.context) == (4, 16, 2048)
    assert (model.activation, model.tied_embeddings, model.sub_norms) == ("silu", False, False)
    assert not config.packed


@pytest.mark.parametrize(
    ("block", "packed", "linear_class"),
    [
        ({}, True, "bitlinear"),
        ({"linear_class": "autobitlinear"}, True, "autobitlinear"),
        ({"quantization_mode": "online"}, False, "bitlinear"),
        ({"modules_to_not_convert": ["lm_head"]}, True, "bitlinear"),
        ({"modules_to_not_convert": None}, True, "bitlinear"),
    ],
)
def test_quantization(tmp_path, block, packed, linear_class):
    path = write(tmp_path, quantization_config={"quant_method": "bitnet", **block})
    config = read_hf_config(path)
    assert (config.packed, config.linear_class) == (packed, linear_class)


@pytest.mark.parametrize(
    ("changes", "sub_norms"),
    [
        ({"model_type": "bitnet"}, True),
        ({"model_type": "llama", "architectures": ["BitnetForCausalLM"]}, True),
        ({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}, False),
        ({"architectures": "LlamaForCausalLM"}, False),
    ],
)
def test_sub_norms(tmp_path, changes, sub_norms):
    assert read_hf_config(write(tmp_path, **changes)).model.sub_norms == sub_norms


COUNT = "must be an integer from 1 to 16777216"
BITNET = {"quant_method": "bitnet"}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("hidden_size", "missing", f"hidden_size {COUNT}, not missing"),
        ("hidden_size", 0, f"hidden_size {COUNT}, not 0"),
        ("hidden_size", "64", f"hidden_size {COUNT}, not '64'"),
        ("vocab_size", True, f"vocab_size {COUNT}, not True"),
        ("intermediate_size", 1 << 60, f"intermediate_size {COUNT}, not {1 << 60}"),
        ("hidden_size", 62, "hidden_size must be a multiple of 4 heads, not 62"),
        ("num_key_value_heads", 3, "num_key_value_heads must be a divisor of 4 heads, not 3"),
        ("hidden_act", "gelu", "hidden_act must be one of silu, relu2, not 'gelu'"),
        ("tie_word_embeddings", 1, "tie_word_embeddings must be true or false, not 1"),
        ("quantization_config", [], "quantization_config must be an object, not a list of 0"),
        (
            "quantization_config",
            {"quant_method": "gptq"},
            "quantization_config.quant_method must be one of bitnet, not 'gptq'",
        ),
        (
            "quantization_config",
            {**BITNET, "linear_class": "linear"},
            (
                "quantization_config.linear_class must be one of bitlinear, autobitlinear, "
                "not 'linear'"
            ),
        ),
        (
            "quantization_config",
            {**BITNET, "quantization_mode": "later"},
            "quantization_config.quantization_mode must be one of offline, online, not 'later'",
        ),
        (
            "quantization_config",
            {**BITNET, "modules_to_not_convert": ["lm_head", "o_proj"]},
            (
                "quantization_config.modules_to_not_convert must leave every projection ternary, "
                "not exclude 'o_proj'"
            ),
        ),
    ],
)
def test_wrong(tmp_path, key, value, message):
    path = write(tmp_path, **{key: value})
    with pytest.raises(CheckpointError, match=f"^{re.escape(f'{path}: {message}')}$"):
        read_hf_config(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "must be valid JSON"),
        (b"[1]", "must be a JSON object"),
        (b'{"a": 1, "a": 2}', "must have each key once, not 'a' twice"),
        (b"\xff\xfe", "must be valid JSON"),
        (b"[" * 100_000, "must be valid JSON"),
        (b'{"hidden_size": ' + b"9" * 10_000 + b"}", "must be valid JSON"),
    ],
)
def test_garbled(tmp_path, text, message):
    path = tmp_path / "config.json"
    path.write_bytes(text)
    with pytest.raises(CheckpointError, match=f"^{re.escape(f'{path} {message}')}$"):
        read_hf_config(path)


def test_missing(tmp_path):
    with pytest.raises(CheckpointError, match=r"^File .*config\.json must exist$"):
        read_hf_config(tmp_path / "config.json")
    with pytest.raises(CheckpointError, match=r"^File .* must be readable: Is a directory$"):
        read_hf_config(tmp_path)


@pytest.mark.parametrize(
    ("title", "shown"),
    [("a\ud800\x1b[31m", r"a\ud800\x1b[31m"), ("x" * 100_000, "x" * 200 + "..."), (["a"], "['a']")],
)
def test_the_title_is_printable(tmp_path, title, shown):
    model = read_hf_config(write(tmp_path, _name_or_path=title)).model
    assert model.title == shown
    assert json.loads(model.model_dump_json())["title"] == shown
