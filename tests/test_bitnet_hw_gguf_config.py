from pathlib import Path

import pytest

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.reader import Checkpoint
from bitnet_hw.gguf_config import gguf_config, stop_tokens
from bitnet_hw.model import Model

# transformers' layers are compiled on import, and that import warns about PyTorch's own code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)

PATH = Path("m.gguf")
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


def checkpoint(values=None, architecture="bitnet", **shape):
    keys = {
        "general.architecture": architecture,
        f"{architecture}.attention.layer_norm_rms_epsilon": 1e-5,
    }
    model = SHAPE.model_copy(update=shape)
    return Checkpoint(PATH, "GGUF", model, (), {}, keys | (values or {}))


@pytest.mark.parametrize(
    ("architecture", "kind"), [("bitnet", "bitnet"), ("bitnet-b1.58", "bitnet"), ("llama", "llama")]
)
def test_configuration(architecture, kind):
    config = gguf_config(
        checkpoint(
            {
                f"{architecture}.rope.freq_base": 500000.0,
                f"{architecture}.rope.dimension_count": 8,
                f"{architecture}.rope.scaling.type": "none",
                "tokenizer.ggml.bos_token_id": 3,
                "tokenizer.ggml.eos_token_id": 9,
                "tokenizer.ggml.eot_token_id": 7,
            },
            architecture,
        )
    )
    assert config.model_type == kind
    shown = config.to_dict()
    assert {key: shown[key] for key in shown if "size" in key and "chunk" not in key} == {
        "vocab_size": 12,
        "hidden_size": 24,
        "intermediate_size": 40,
    }
    assert (config.num_hidden_layers, config.num_attention_heads) == (2, 3)
    assert (config.num_key_value_heads, config.head_dim) == (1, 8)
    assert (config.hidden_act, config.rms_norm_eps) == ("relu2", 1e-5)
    assert config.max_position_embeddings == 64
    assert config.rope_parameters["rope_theta"] == 500000.0
    assert config.tie_word_embeddings is True
    assert config.eos_token_id == [7, 9]


def test_rope_base_of_files_that_do_not_tell():
    assert gguf_config(checkpoint()).rope_parameters["rope_theta"] == 10_000.0


def test_no_stop_token():
    assert stop_tokens(PATH, {}, 12) == frozenset()
    assert gguf_config(checkpoint()).eos_token_id is None


def test_stop_tokens():
    keys = {"eos": 1, "eot": 2, "eom": 1, "bos": 5}
    values = {f"tokenizer.ggml.{name}_token_id": token for name, token in keys.items()}
    assert stop_tokens(PATH, values, 12) == {1, 2}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"bitnet.attention.layer_norm_rms_epsilon": "small"},
            "bitnet.attention.layer_norm_rms_epsilon must be a positive number, not 'small'",
        ),
        (
            {"bitnet.attention.layer_norm_rms_epsilon": None},
            "bitnet.attention.layer_norm_rms_epsilon must be a positive number, not missing",
        ),
        (
            {"bitnet.rope.freq_base": float("nan")},
            "bitnet.rope.freq_base must be a positive number, not nan",
        ),
        (
            {"bitnet.rope.dimension_count": 4},
            "bitnet.rope.dimension_count must be 8, not 4",
        ),
        (
            {"bitnet.rope.scaling.type": "yarn"},
            "bitnet.rope.scaling.type must be 'none', not 'yarn'",
        ),
        (
            {"bitnet.rope.scale_linear": 2.0},
            "bitnet.rope.scale_linear must be 1.0, not 2.0",
        ),
        (
            {"bitnet.attention.value_length": 16},
            "bitnet.attention.value_length must be 8, not 16",
        ),
        (
            {"tokenizer.ggml.eos_token_id": 12},
            "tokenizer.ggml.eos_token_id must be a token, from 0 to 11, not 12",
        ),
    ],
)
def test_wrong_keys(values, message):
    with pytest.raises(CheckpointError) as caught:
        gguf_config(checkpoint(values))
    assert str(caught.value) == f"m.gguf: {message}"


def test_heads_share_the_width():
    with pytest.raises(
        CheckpointError,
        match=(
            r"^m\.gguf: llama\.embedding_length must be a multiple of "
            r"llama\.attention\.head_count \(3\), not 25$"
        ),
    ):
        gguf_config(checkpoint(architecture="llama", hidden=25))
