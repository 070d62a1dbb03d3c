"""Every family and packing, against the golden quantiser."""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.i2s_layout import I2sLayout
from bitnet_hw.checkpoint.reader import open_checkpoint
from golden.quantize import absmean_ternary

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_checkpoints.py"))))

PLAIN = tiny.SHAPE.model_copy(
    update={"sub_norms": False, "tied_embeddings": False, "activation": "silu"}
)


def compare(checkpoint, expected, *, ulps=0):
    assert [(tensor.layer, tensor.role) for tensor in checkpoint.tensors] == list(expected)
    for key, golden in expected.items():
        matrix = checkpoint.ternary(*key)
        assert matrix.ternary.dtype == np.int8
        np.testing.assert_array_equal(matrix.ternary, golden.ternary.numpy())
        wanted = golden.inverse_mean.numpy()
        assert matrix.inverse_mean.dtype == np.float32
        assert abs(matrix.inverse_mean - wanted) <= ulps * np.spacing(wanted)


@pytest.mark.parametrize("model", [tiny.SHAPE, PLAIN], ids=["bitnet", "llama"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("online", [False, True])
def test_master_weights(tmp_path, model, dtype, online):
    weights = tiny.masters(model, dtype=dtype)
    quantization = {"quantization_mode": "online", "linear_class": "autobitlinear"}
    config = tiny.hf_config(model, **(quantization if online else {}))
    checkpoint = open_checkpoint(tiny.write_hf(tmp_path, config, tiny.hf_tensors(model, weights)))
    compare(checkpoint, tiny.expected(weights))
    assert checkpoint.kind == "Hugging Face safetensors, master weights"
    shown = {"sub_norms", "tied_embeddings", "activation", "hidden", "ffn", "layers", "kv_heads"}
    assert checkpoint.model.model_dump(include=shown) == model.model_dump(include=shown)


@pytest.mark.parametrize("model", [tiny.SHAPE, PLAIN], ids=["bitnet", "llama"])
@pytest.mark.parametrize("linear_class", ["bitlinear", "autobitlinear"])
@pytest.mark.parametrize("shards", [1, 3])
def test_packed_weights(tmp_path, model, linear_class, shards):
    weights = tiny.masters(model)
    config = tiny.hf_config(model, linear_class=linear_class, quantization_mode="offline")
    tensors = tiny.hf_tensors(model, weights, linear_class=linear_class)
    checkpoint = open_checkpoint(tiny.write_hf(tmp_path, config, tensors, shards))
    # The reciprocal of a reciprocal may be off by one unit in the last place.
    compare(checkpoint, tiny.expected(weights), ulps=0 if linear_class == "bitlinear" else 1)
    assert checkpoint.kind == f"Hugging Face safetensors, packed weights, {linear_class}"
    assert set(checkpoint.others) == set(tiny.hf_others(model))


def test_scale_convention_is_the_configuration_s(tmp_path):
    """The same file under the other linear class means the reciprocal scale."""
    weights = tiny.masters(tiny.SHAPE)
    tensors = tiny.hf_tensors(tiny.SHAPE, weights, linear_class="bitlinear")
    scales = {}
    for linear_class in (None, "bitlinear", "autobitlinear"):
        key = {"linear_class": linear_class} if linear_class else {"quantization_mode": "offline"}
        folder = tiny.write_hf(
            tmp_path / str(linear_class), tiny.hf_config(tiny.SHAPE, **key), tensors
        )
        scales[linear_class] = open_checkpoint(folder).ternary(0, "q").inverse_mean
    assert scales[None] == scales["bitlinear"]
    assert scales["autobitlinear"] == np.float32(1) / scales["bitlinear"]
    assert scales["autobitlinear"] != scales["bitlinear"]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_narrow_scale(tmp_path, dtype):
    weights = tiny.masters(tiny.SHAPE)
    config = tiny.hf_config(tiny.SHAPE, linear_class="bitlinear")
    tensors = tiny.hf_tensors(tiny.SHAPE, weights, linear_class="bitlinear", scale_dtype=dtype)
    checkpoint = open_checkpoint(tiny.write_hf(tmp_path, config, tensors))
    wanted = absmean_ternary(weights[1, "up"]).inverse_mean.to(dtype).float()
    assert checkpoint.ternary(1, "up").inverse_mean == wanted.numpy()


@pytest.mark.parametrize("linear_class", [None, "bitlinear"])
def test_fused_names(tmp_path, linear_class):
    weights = tiny.masters(tiny.SHAPE)
    quantization = {"linear_class": linear_class} if linear_class else {}
    tensors = tiny.hf_tensors(tiny.SHAPE, weights, linear_class=linear_class, fused=True)
    checkpoint = open_checkpoint(
        tiny.write_hf(tmp_path, tiny.hf_config(tiny.SHAPE, **quantization), tensors)
    )
    for layer in range(tiny.SHAPE.layers):
        for group in ("qkv", "gate_up"):
            roles = tiny.FUSED[group]
            whole = absmean_ternary(torch.cat([weights[layer, role] for role in roles]))
            parts = [checkpoint.ternary(layer, role) for role in roles]
            stacked = np.concatenate([part.ternary for part in parts])
            np.testing.assert_array_equal(stacked, whole.ternary.numpy())
            assert {part.inverse_mean for part in parts} == {whole.inverse_mean.numpy()[()]}


def test_one_scale_for_each_part(tmp_path):
    weights = tiny.masters(tiny.SHAPE)
    tensors = tiny.hf_tensors(tiny.SHAPE, weights, linear_class="bitlinear", fused=True)
    name = "model.layers.0.self_attn.qkv_proj.weight_scale"
    tensors[name] = torch.tensor([2.0, 3.0, 4.0])
    config = tiny.hf_config(tiny.SHAPE, linear_class="bitlinear")
    checkpoint = open_checkpoint(tiny.write_hf(tmp_path, config, tensors))
    scales = [checkpoint.ternary(0, role).inverse_mean for role in "qkv"]
    assert scales == [2, 3, 4]


def test_one_file_beside_its_configuration(tmp_path):
    weights = tiny.masters(tiny.SHAPE)
    folder = tiny.write_hf(
        tmp_path, tiny.hf_config(tiny.SHAPE), tiny.hf_tensors(tiny.SHAPE, weights)
    )
    file = (folder / "model.safetensors").rename(folder / "other.safetensors")
    for path in (file, folder):
        compare(open_checkpoint(path), tiny.expected(weights))


def test_inner_attn_ln_is_a_sub_norm(tmp_path):
    """The names of 1bitLLM's models, whose model_type is llama."""
    weights = tiny.masters(PLAIN)
    tensors = tiny.hf_tensors(PLAIN, weights)
    tensors["model.layers.0.self_attn.inner_attn_ln.weight"] = torch.ones(PLAIN.q_dim)
    checkpoint = open_checkpoint(tiny.write_hf(tmp_path, tiny.hf_config(PLAIN), tensors))
    assert checkpoint.model.sub_norms


@pytest.mark.parametrize("architecture", ["bitnet", "bitnet-b1.58", "llama"])
@pytest.mark.parametrize("kind", ["TQ1_0", "TQ2_0", "F32", "F16"])
def test_gguf(tmp_path, architecture, kind):
    expected = tiny.expected(tiny.masters(tiny.WIDE))
    path = tiny.write_gguf(
        tmp_path / "m.gguf", tiny.WIDE, expected, kind, architecture=architecture
    )
    checkpoint = open_checkpoint(path)
    assert checkpoint.model.tied_embeddings
    assert checkpoint.model.sub_norms
    assert checkpoint.model.vocab == tiny.WIDE.vocab
    assert checkpoint.model.activation == ("relu2" if architecture == "bitnet-b1.58" else "silu")
    assert checkpoint.rotary_pairs == (architecture == "llama")
    for key, golden in expected.items():
        matrix = checkpoint.ternary(*key)
        np.testing.assert_array_equal(matrix.ternary, golden.ternary.numpy())
        mean = golden.mean.numpy() if kind == "F32" else np.float16(golden.mean.numpy())
        assert matrix.inverse_mean == np.float32(1) / np.float32(mean)


@pytest.mark.parametrize("layout", I2sLayout)
def test_i2s(tmp_path, layout):
    expected = tiny.expected(tiny.masters(tiny.WIDE))
    path = tiny.write_gguf(tmp_path / "m.gguf", tiny.WIDE, expected, "I2_S", layout=layout.value)
    checkpoint = open_checkpoint(path, i2s_layout=layout)
    compare(checkpoint, expected, ulps=1)
    assert checkpoint.kind == f"GGUF, I2_S {layout}"
    with pytest.raises(
        CheckpointError,
        match=r"^.*m\.gguf: 'blk\.0\.attn_q\.weight' is I2_S, whose layout the file does not tell; "
        r"name it with --i2s-layout blocks128, blocks64, rows4$",
    ):
        open_checkpoint(path)


def test_untied_gguf_with_scales(tmp_path):
    model = tiny.WIDE.model_copy(update={"tied_embeddings": False, "sub_norms": False})
    expected = tiny.expected(tiny.masters(model))
    path = tiny.write_gguf(tmp_path / "m.gguf", model, expected, "TQ2_0", scales=0.5)
    checkpoint = open_checkpoint(path)
    assert not checkpoint.model.tied_embeddings
    assert not checkpoint.model.sub_norms
    mean = np.float32(np.float16(expected[0, "q"].mean.numpy())) * np.float32(0.5)
    assert checkpoint.ternary(0, "q").inverse_mean == np.float32(1) / mean


def test_float_gguf_that_is_not_ternary(tmp_path):
    """Quantised here, as the golden model does it."""
    model = tiny.WIDE
    weights = tiny.masters(model)
    loose = {
        key: SimpleNamespace(ternary=weight, mean=torch.tensor(1.0))
        for key, weight in weights.items()
    }
    path = tiny.write_gguf(tmp_path / "m.gguf", model, loose, "F32")
    compare(open_checkpoint(path), tiny.expected(weights))


def test_to_torch(tmp_path):
    weights = tiny.masters(tiny.SHAPE)
    folder = tiny.write_hf(
        tmp_path, tiny.hf_config(tiny.SHAPE), tiny.hf_tensors(tiny.SHAPE, weights)
    )
    golden = absmean_ternary(weights[1, "o"])
    read = open_checkpoint(folder).ternary(1, "o").to_torch()
    assert torch.equal(read.ternary, golden.ternary)
    assert torch.equal(read.inverse_mean, golden.inverse_mean)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "Checkpoint .*none must exist"),
        ("none.gguf", "File .*none.gguf must exist"),
        ("none.safetensors", "File .*config.json must exist"),
        ("a.bin", "Checkpoint .*a.bin must be a Hugging Face folder, a .safetensors file or a .*"),
    ],
)
def test_no_checkpoint(tmp_path, name, message):
    (tmp_path / "a.bin").touch()
    with pytest.raises(CheckpointError, match=f"^{message}$"):
        open_checkpoint(tmp_path / name)
