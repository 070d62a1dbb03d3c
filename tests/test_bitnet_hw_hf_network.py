import json
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from bitnet_hw.checkpoint_export import export_checkpoint
from bitnet_hw.errors import ConfigError
from bitnet_hw.hf_network import hf_network
from bitnet_hw.text_codec import BYTES_MARKER
from golden.network import freeze, ternary_layers

# transformers' layers are compiled on import, and that import warns about PyTorch's own code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)

EXAMPLE = Path(__file__).parents[1] / "examples" / "byte_language_model.py"
example = SimpleNamespace(**run_path(str(EXAMPLE)))
SHAPE = example.Shape(hidden=32, layers=2, ffn=48, head_dim=8, positions=32)


@pytest.fixture(scope="module")
def frozen():
    return freeze(example.build("ternary", SHAPE, seed=1))


@pytest.fixture
def folder(frozen, tmp_path):
    export_checkpoint(frozen, tmp_path, extra=BYTES_MARKER)
    return tmp_path


def change_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_layers_are_the_golden_model_s(folder, frozen):
    network = hf_network(folder)
    assert not network.training
    assert network.dtype == torch.float32
    for (name, layer), (other, original) in zip(
        ternary_layers(network), ternary_layers(frozen), strict=True
    ):
        assert name == other
        assert torch.equal(layer.ternary, original.ternary)
        assert torch.equal(layer.inverse_mean, original.inverse_mean)


def test_a_missing_weight_is_not_made_up(folder):
    rewrite_weights(folder, lambda tensors: tensors.pop("model.layers.1.input_layernorm.weight"))
    with pytest.raises(ConfigError, match=r"model\.layers\.1\.input_layernorm\.weight"):
        hf_network(folder)


def rewrite_weights(folder, change):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata={"format": "pt"})


def test_a_weight_without_a_place_is_not_skipped(folder):
    rewrite_weights(
        folder,
        lambda tensors: tensors.update({"model.layers.0.inner_attn_ln.weight": torch.ones(32)}),
    )
    with pytest.raises(
        ConfigError,
        match=(
            r"^Checkpoint .* must hold the weights of BitNetForCausalLM, but it holds also "
            r"model\.layers\.0\.inner_attn_ln\.weight$"
        ),
    ):
        hf_network(folder)


def test_weights_must_be_finite(folder):
    rewrite_weights(folder, lambda tensors: tensors["model.norm.weight"].fill_(float("nan")))
    with pytest.raises(
        ConfigError, match=r" must hold finite weights, but model\.norm\.weight does not$"
    ):
        hf_network(folder)


def test_a_model_in_floating_point(tmp_path):
    model = example.build("fp32", SHAPE, seed=1)
    model.save_pretrained(tmp_path)
    change_config(tmp_path, **BYTES_MARKER)
    with pytest.raises(
        ConfigError, match=r"config\.json: quantization_config must be given, .* is ternary$"
    ):
        hf_network(tmp_path)


def test_code_of_the_checkpoint_is_not_run(folder):
    change_config(
        folder,
        model_type="llama-of-my-own",
        auto_map={"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"},
    )
    (folder / "evil.py").write_text("raise SystemExit('the code was run')\n")
    with pytest.raises(ConfigError, match=r"must be one that transformers can load: "):
        hf_network(folder)
