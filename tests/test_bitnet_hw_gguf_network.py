"""GGUF files against folders of the same model, and against transformers' own loader."""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import gguf
import numpy as np
import pytest
import torch

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.i2s_layout import I2sLayout
from bitnet_hw.checkpoint.reader import open_checkpoint
from bitnet_hw.checkpoint_export import export_checkpoint
from bitnet_hw.gguf_network import gguf_network, unpaired_rows
from bitnet_hw.hf_network import hf_network
from golden.network import ternary_layers
from golden.quantize import absmean_ternary
from golden.threads import one_thread

# transformers' layers are compiled on import, and that import warns about PyTorch's own code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_gguf.py"))))

TOKENS = 7 * torch.arange(24).reshape(2, 12)
ARCHITECTURES = ("bitnet", "bitnet-b1.58", "llama")


@pytest.fixture(scope="module", autouse=True)
def threads():
    """Let each product have one thread: on matrices this small several wait for each other."""
    with one_thread():
        yield


def load(path, layout=None):
    return gguf_network(open_checkpoint(path, i2s_layout=layout))


def logits(network):
    with torch.no_grad():
        return network(TOKENS).logits


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request, tmp_path_factory):
    """Return a network, and what transformers computes from it as a folder."""
    network = tiny.ternary_network(request.param)
    folder = tmp_path_factory.mktemp("folder")
    export_checkpoint(network, folder)
    return SimpleNamespace(
        architecture=request.param, network=network, logits=logits(hf_network(folder))
    )


@pytest.mark.parametrize("kind", ["TQ1_0", "TQ2_0", "F16", "F32"])
def test_a_file_and_a_folder_compute_the_same_bits(tmp_path, model, kind):
    path = tmp_path / "m.gguf"
    tiny.write_gguf(path, model.network, kind, architecture=model.architecture)
    network = load(path)
    assert type(network) is type(model.network)
    assert not network.training
    assert torch.equal(logits(network), model.logits)


@pytest.mark.parametrize("layout", list(I2sLayout))
def test_i2_s(tmp_path, model, layout):
    path = tmp_path / "m.gguf"
    tiny.write_gguf(path, model.network, "I2_S", architecture=model.architecture, layout=layout)
    assert torch.equal(logits(load(path, layout)), model.logits)


@pytest.mark.parametrize("architecture", ["bitnet", "llama"])
@pytest.mark.parametrize(
    "changes",
    [
        {"tie_word_embeddings": True},
        {"hidden_act": "silu"},
        {"hidden_act": "relu2"},
        {"rms_norm_eps": 1e-3},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 100.0}},
        {"num_key_value_heads": 4},
        {"num_attention_heads": 2, "head_dim": 128},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_the_metadata_decides(tmp_path, architecture, changes):
    network = tiny.ternary_network(architecture, **changes)
    path = tiny.write_gguf(tmp_path / "m.gguf", network, "TQ2_0", architecture=architecture)
    assert torch.equal(logits(load(path)), logits(network))


@pytest.mark.parametrize("kind", ["F32", "F16"])
def test_transformers_own_loader_finds_the_same_weights(tmp_path, kind):
    """An oracle for names and for the order of rows, which it restores with code of its own."""
    from transformers import AutoModelForCausalLM

    def metadata(writer):
        tiny.byte_tokens(writer)
        writer.add_token_list([f"t{number}" for number in range(256)])

    network = tiny.float_network("llama")
    path = tmp_path / "m.gguf"
    tiny.write_gguf(path, network, kind, architecture="llama", metadata=metadata)
    oracle = AutoModelForCausalLM.from_pretrained(
        tmp_path, gguf_file="m.gguf", dtype=torch.float32, local_files_only=True
    )
    ours = load(path)
    floats = dict(ours.named_parameters())
    layers = dict(ternary_layers(ours))
    assert len(floats) + len(layers) == len(oracle.state_dict()) == 3 + 2 * (2 + 7)
    for name, weight in oracle.state_dict().items():
        if name in floats:
            assert torch.equal(floats[name], weight)
            continue
        layer, expected = layers[name.removesuffix(".weight")], absmean_ternary(weight)
        assert torch.equal(layer.ternary, expected.ternary)
        # The mean is a sum in the order of the file.
        torch.testing.assert_close(layer.inverse_mean, expected.inverse_mean, rtol=2**-22, atol=0)


def test_rows_by_hand():
    # Two heads of four rows: the file has rows 0 2 1 3 of each, counted as transformers does.
    rows = np.array([0, 2, 1, 3, 4, 6, 5, 7], np.int8).reshape(8, 1)
    assert unpaired_rows(rows, 2).ravel().tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert np.array_equal(unpaired_rows(tiny.permute(rows, 2), 2), rows)


@pytest.mark.parametrize("embedding", ["F16", "BF16", "Q8_0", "Q4_0"])
def test_embeddings_of_every_type_are_widened(tmp_path, embedding):
    network = tiny.ternary_network("bitnet")
    path = tmp_path / "m.gguf"
    tiny.write_gguf(path, network, "TQ2_0", architecture="bitnet", embedding=embedding)
    kind = gguf.GGMLQuantizationType[embedding]
    ours = load(path)
    for theirs, own in (
        (network.model.embed_tokens.weight, ours.model.embed_tokens.weight),
        (network.lm_head.weight, ours.lm_head.weight),
    ):
        data = gguf.quants.quantize(theirs.detach().numpy(), kind)
        expected = gguf.quants.dequantize(data, kind)
        assert own.dtype == torch.float32
        np.testing.assert_array_equal(own.detach().numpy(), expected)


def test_ternary_weights_are_never_floats(tmp_path):
    network = tiny.ternary_network("bitnet")
    path = tiny.write_gguf(tmp_path / "m.gguf", network, "TQ1_0", architecture="bitnet")
    ours = load(path)
    assert not any("_proj" in name for name, _ in ours.named_parameters())
    assert {layer.ternary.dtype for _, layer in ternary_layers(ours)} == {torch.int8}
    assert not any(tensor.is_meta for tensor in (*ours.parameters(), *ours.buffers()))


@pytest.mark.parametrize(
    "name",
    ["token_embd.weight", "output_norm.weight", "blk.1.attn_norm.weight", "blk.1.ffn_norm.weight"],
)
def test_a_missing_weight_is_not_made_up(tmp_path, name):
    network = tiny.ternary_network("bitnet")
    path = tmp_path / "m.gguf"
    tiny.write_gguf(path, network, "TQ2_0", architecture="bitnet", skip=(name,))
    with pytest.raises(
        CheckpointError,
        match=rf"m\.gguf must have the tensor '{name}', which BitNetForCausalLM needs$",
    ):
        load(path)


@pytest.mark.parametrize(
    ("architecture", "name", "kind"),
    [
        ("bitnet", "rope_freqs.weight", "BitNetForCausalLM"),
        ("bitnet", "blk.2.attn_norm.weight", "BitNetForCausalLM"),
        ("llama", "blk.0.attn_sub_norm.weight", "LlamaForCausalLM"),
    ],
)
def test_a_weight_without_a_place_is_not_skipped(tmp_path, architecture, name, kind):
    network = tiny.ternary_network(architecture)
    path = tmp_path / "m.gguf"
    more = {name: np.ones(256, np.float32)}
    tiny.write_gguf(path, network, "TQ2_0", architecture=architecture, more=more)
    with pytest.raises(
        CheckpointError,
        match=rf"m\.gguf must hold the weights of {kind} only, not '{name}' as well$",
    ):
        load(path)


def test_bitnet_needs_its_sub_norms(tmp_path):
    network = tiny.ternary_network("llama")
    path = tiny.write_gguf(tmp_path / "m.gguf", network, "TQ2_0", architecture="bitnet")
    with pytest.raises(
        CheckpointError,
        match=r" must have the tensor 'blk\.0\.attn_sub_norm\.weight', which BitNetForCausalLM ",
    ):
        load(path)


def test_shapes_are_the_metadata_s(tmp_path):
    network = tiny.ternary_network("bitnet")
    path = tmp_path / "m.gguf"
    name = "blk.0.ffn_norm.weight"
    tiny.write_gguf(
        path,
        network,
        "TQ2_0",
        architecture="bitnet",
        skip=(name,),
        more={name: np.ones(255, np.float32)},
    )
    with pytest.raises(
        CheckpointError,
        match=(
            rf"m\.gguf: '{name}' must have the shape \[256\], as the metadata says, not \[255\]$"
        ),
    ):
        load(path)
