"""Hugging Face checkpoints that are damaged or do not fit together: one sentence each."""

import json
import re
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.reader import open_checkpoint

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_checkpoints.py"))))

Q = "model.layers.0.self_attn.q_proj.weight"


@pytest.fixture(scope="module")
def packed():
    return tiny.hf_tensors(tiny.SHAPE, tiny.masters(tiny.SHAPE), linear_class="bitlinear")


@pytest.fixture
def write(tmp_path, packed):
    """Write a packed checkpoint with some tensors replaced, or left out if None."""

    def write(changes, shards=1, **config):
        tensors = {
            name: value for name, value in {**packed, **changes}.items() if value is not None
        }
        data = {**tiny.hf_config(tiny.SHAPE, linear_class="bitlinear"), **config}
        return tiny.write_hf(tmp_path, data, tensors, shards)

    return write


def refuse(folder, message):
    """Read everything and expect a message, in which {} stands for the folder."""
    with pytest.raises(CheckpointError, match="^" + re.escape(message.format(folder)) + "$"):
        [tensor.matrix() for tensor in open_checkpoint(folder).tensors]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (Q, None, "{} must have the weight of '" + Q + "_scale'"),
        (
            Q,
            torch.zeros(6, 24),
            "{}/model.safetensors: '" + Q + "' must be U8 (packed), "
            "as quantization_config says, not F32",
        ),
        (
            Q,
            torch.zeros(6, 20, dtype=torch.uint8),
            "{}/model.safetensors: '" + Q + "' must have the shape [6, 24], "
            "as the configuration says, not [6, 20]",
        ),
        (
            Q,
            torch.full((6, 24), 0b11, dtype=torch.uint8),
            "{}/model.safetensors: '" + Q + "' must have the two-bit codes 0, 1 and 2, not 3",
        ),
        (
            Q,
            torch.full((6, 24), 0b11000000, dtype=torch.uint8),
            "{}/model.safetensors: '" + Q + "' must have the two-bit codes 0, 1 and 2, not 3",
        ),
        (
            Q + "_scale",
            None,
            "{}/model.safetensors: '" + Q + "' must have its weight_scale beside it",
        ),
        (
            Q + "_scale",
            torch.ones(2),
            "{}/model.safetensors: '" + Q + "_scale' must be one number of F32, F16, BF16, "
            "not F32 of shape [2]",
        ),
        (
            Q + "_scale",
            torch.ones(1, dtype=torch.int32),
            "{}/model.safetensors: '" + Q + "_scale' must be one number of F32, F16, BF16, "
            "not I32 of shape [1]",
        ),
        *(
            (
                Q + "_scale",
                torch.tensor([scale]),
                "{}/model.safetensors: '" + Q + "_scale' must be positive and finite, "
                f"not {scale!r}",
            )
            for scale in (0.0, -1.0, float("nan"), float("inf"))
        ),
        (
            "model.layers.2.mlp.up_proj.weight",
            torch.zeros(10, 24, dtype=torch.uint8),
            (
                "{} must have 2 layers, as the configuration says, "
                "but has 'model.layers.2.mlp.up_proj.weight'"
            ),
        ),
        (
            "model.layers.0.self_attn.qkv_proj.weight",
            torch.zeros(10, 24, dtype=torch.uint8),
            "{} must have q of layer 0 once, not both alone and in a fused tensor",
        ),
        (
            "model.layers.0.self_attn.q_proj.bias",
            torch.zeros(24),
            (
                "{}/model.safetensors: A ternary projection must have no bias, "
                "but 'model.layers.0.self_attn.q_proj.bias' is one"
            ),
        ),
        (
            "layers.0.self_attn.q_proj.weight",
            torch.zeros(6, 24, dtype=torch.uint8),
            (
                "{}/model.safetensors: 'model.layers.0.self_attn.q_proj.weight' must be the only "
                "such tensor, but 'layers.0.self_attn.q_proj.weight' is one too"
            ),
        ),
        (
            "model.embed_tokens.weight",
            None,
            "{} must have the tensor 'model.embed_tokens.weight', as config.json says",
        ),
        (
            "model.embed_tokens.weight",
            torch.zeros(11, 24),
            (
                "{}/model.safetensors: 'model.embed_tokens.weight' must have the shape [12, 24], "
                "as the configuration says, not [11, 24]"
            ),
        ),
    ],
)
def test_wrong_tensor(write, name, value, message):
    refuse(write({name: value}), message)


def test_missing_projection(write):
    refuse(
        write({Q: None, Q + "_scale": None}),
        "{} must have the projection q of each of its 2 layers, but layer 0 has none",
    )


def test_missing_head(write):
    refuse(
        write({}, tie_word_embeddings=False),
        "{} must have the tensor 'lm_head.weight', as config.json says",
    )


def test_packed_weights_of_an_unquantized_model(write):
    refuse(
        write({}, quantization_config=None),
        "{}/model.safetensors: '" + Q + "' must be F32, F16, BF16, not U8; "
        "quantization_config does not say that it is packed",
    )


def test_float_weights_with_a_scale(tmp_path):
    tensors = tiny.hf_tensors(tiny.SHAPE, tiny.masters(tiny.SHAPE))
    tensors[Q + "_scale"] = torch.ones(1)
    refuse(
        tiny.write_hf(tmp_path, tiny.hf_config(tiny.SHAPE), tensors),
        "{}/model.safetensors: '" + Q + "' must be packed to have the scale '" + Q + "_scale', "
        "not F32",
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_float_weights_without_a_mean(tmp_path, value):
    tensors = tiny.hf_tensors(tiny.SHAPE, tiny.masters(tiny.SHAPE))
    tensors[Q][3, 3] = value
    refuse(
        tiny.write_hf(tmp_path, tiny.hf_config(tiny.SHAPE), tensors),
        "{}/model.safetensors: The mean of |'" + Q + f"'| must be finite, not {value}",
    )


def test_outputs_that_do_not_pack(write, tmp_path):
    refuse(
        write({}, intermediate_size=42),
        "{}/model.safetensors: 'model.layers.0.mlp.gate_proj.weight' must have a multiple of 4 "
        "outputs to be packed, not 42",
    )


@pytest.mark.parametrize("keep", [0, 4, 8, 9, 100, 500, 1500, -1])
def test_truncated(write, keep):
    folder = write({})
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(
        CheckpointError,
        match=r"^.*model\.safetensors must be a complete safetensors file, "
        r"but the library says: .*$",
    ):
        open_checkpoint(folder)


@pytest.mark.parametrize("offset", [0, 1, 7])
def test_wrong_header_length(write, offset):
    path = write({}) / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[offset] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="must be a complete safetensors file"):
        open_checkpoint(path.parent)


def test_truncated_after_opening(write):
    folder = write({})
    checkpoint = open_checkpoint(folder)
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-2000])
    last = max(checkpoint.tensors, key=lambda tensor: tensor.open.args[0].offset)
    with pytest.raises(
        CheckpointError, match=r"^.*model\.safetensors must hold all \d+ bytes of '.*', but ends "
    ):
        last.matrix()


def test_duplicate_name(write):
    folder = write({})
    path = folder / "model.safetensors"
    data = path.read_bytes()
    # Two tensors of one size change to one name: the library takes the last.
    old, new = b'layers.1.self_attn.k_proj.weight"', b'layers.1.self_attn.v_proj.weight"'
    path.write_bytes(data.replace(old, new))
    with pytest.raises(CheckpointError, match=r"must have each key once|library says"):
        open_checkpoint(folder)


def test_hostile_name_is_quoted_and_kept_apart(write):
    hostile = "../../<img onerror=x>\n\x1b[31m"
    checkpoint = open_checkpoint(write({hostile: torch.zeros(1)}))
    assert checkpoint.others[hostile].shape == (1,)
    assert len(checkpoint.tensors) == 14


def test_missing_shard(write):
    folder = write({}, shards=3)
    shard = folder / "model-00002-of-00003.safetensors"
    shard.unlink()
    refuse(folder, f"File {shard} must exist")


def change_index(folder, change):
    path = folder / "model.safetensors.index.json"
    index = json.loads(path.read_text())
    change(index)
    path.write_text(json.dumps(index))
    return folder


def test_index_names_a_missing_tensor(write):
    first = "model-00001-of-00003.safetensors"
    folder = change_index(
        write({}, shards=3), lambda index: index["weight_map"].update(nothing=first)
    )
    refuse(
        folder,
        "{}/" + first + " must have 'nothing', as model.safetensors.index.json says, but has not",
    )


def test_index_misses_a_tensor(write):
    folder = change_index(write({}, shards=3), lambda index: index["weight_map"].pop(Q))
    with pytest.raises(CheckpointError, match=r"^.*index\.json: weight_map must list '.*' of .*$"):
        open_checkpoint(folder)


@pytest.mark.parametrize("shard", ["../x.safetensors", "/etc/passwd", "a/b.safetensors", "", 3])
def test_index_leads_elsewhere(write, shard):
    folder = change_index(write({}, shards=3), lambda index: index["weight_map"].update({Q: shard}))
    refuse(
        folder,
        "{}/model.safetensors.index.json: weight_map must name .safetensors files of the folder, "
        f"not {shard!r}",
    )


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("{", " must be valid JSON"),
        ("[]", " must be a JSON object"),
        ("{}", ": weight_map must be an object"),
        ("[" * 100_000, " must be valid JSON"),
    ],
)
def test_garbled_index(write, text, end):
    folder = write({}, shards=3)
    (folder / "model.safetensors.index.json").write_text(text)
    refuse(folder, "{}/model.safetensors.index.json" + end)


def test_no_weights(tmp_path):
    tiny.write_hf(tmp_path, tiny.hf_config(tiny.SHAPE), {"x": torch.zeros(1)})
    (tmp_path / "model.safetensors").unlink()
    refuse(
        tmp_path,
        "Folder {} must have model.safetensors or model.safetensors.index.json, "
        "not 0 other .safetensors files",
    )
    for name in "ab":
        save_file({"x": torch.zeros(1)}, tmp_path / f"{name}.safetensors")
    with pytest.raises(CheckpointError, match="not 2 other"):
        open_checkpoint(tmp_path)
