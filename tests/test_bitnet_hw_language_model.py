import importlib.util
import json
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from bitnet_hw.checkpoint_export import export_checkpoint
from bitnet_hw.errors import ConfigError, ToolMissing
from bitnet_hw.language_model import load_language_model
from bitnet_hw.text_codec import BYTES_MARKER, ByteCodec
from golden.matmul import ternary_matmul
from golden.network import freeze

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


def test_loads_and_says_nothing(folder, frozen, capfd):
    model = load_language_model(folder)
    assert model.folder == folder
    assert isinstance(model.codec, ByteCodec)
    assert (model.context, model.vocabulary, model.stop_tokens) == (32, 256, frozenset())
    assert model.network.dtype == torch.float32
    assert len(model.tensors) == 14
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_replaced_layers_compute_the_same_bits(folder, frozen):
    model = load_language_model(folder)
    calls = []

    def matmul(q, ternary):
        calls.append((list(q.shape), list(ternary.shape)))
        return ternary_matmul(q, ternary)

    assert model.set_matmul(matmul) == 14
    tokens = torch.arange(12).reshape(2, 6)
    with torch.no_grad():
        assert torch.equal(model.network(tokens).logits, frozen(tokens).logits)
    assert len(calls) == 14
    assert calls[0] == ([12, 32], [32, 32])
    assert calls[-1] == ([12, 48], [32, 48])


def test_stop_tokens(folder):
    change_config(folder, eos_token_id=[3, 7])
    assert load_language_model(folder).stop_tokens == {3, 7}
    change_config(folder, eos_token_id=10)
    assert load_language_model(folder).stop_tokens == {10}


def test_the_widest_layer_must_fit(folder):
    model = load_language_model(folder)
    model.check_fits(48)
    with pytest.raises(
        ConfigError,
        match=(
            r"^array\.max_k must be at least 48, the inputs of model\.layers\.0\.mlp\.down_proj"
            r"\.weight in .*, not 47$"
        ),
    ):
        model.check_fits(47)


def test_no_such_folder(tmp_path):
    with pytest.raises(ConfigError, match=r"^Checkpoint .*/none must exist$"):
        load_language_model(tmp_path / "none")


def test_a_file_is_no_folder(folder):
    with pytest.raises(
        ConfigError, match=r"must be a folder with config\.json and .*, not a file$"
    ):
        load_language_model(folder / "model.safetensors")


def test_a_missing_weight_is_not_made_up(folder):
    rewrite_weights(folder, lambda tensors: tensors.pop("model.layers.1.input_layernorm.weight"))
    with pytest.raises(ConfigError, match=r"model\.layers\.1\.input_layernorm\.weight"):
        load_language_model(folder)


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
        load_language_model(folder)


def test_weights_must_be_finite(folder):
    rewrite_weights(folder, lambda tensors: tensors["model.norm.weight"].fill_(float("nan")))
    with pytest.raises(
        ConfigError, match=r" must hold finite weights, but model\.norm\.weight does not$"
    ):
        load_language_model(folder)


def test_a_model_in_floating_point(tmp_path):
    model = example.build("fp32", SHAPE, seed=1)
    model.save_pretrained(tmp_path)
    change_config(tmp_path, **BYTES_MARKER)
    with pytest.raises(
        ConfigError, match=r"config\.json: quantization_config must be given, .* is ternary$"
    ):
        load_language_model(tmp_path)


def test_damaged_weights(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ConfigError, match=r"model\.safetensors"):
        load_language_model(folder)


def test_code_of_the_checkpoint_is_not_run(folder):
    change_config(
        folder,
        model_type="llama-of-my-own",
        auto_map={"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"},
    )
    (folder / "evil.py").write_text("raise SystemExit('the code was run')\n")
    with pytest.raises(ConfigError, match=r"must be one that transformers can load: "):
        load_language_model(folder)


def test_missing_package(folder, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "transformers" else found(name, *rest),
    )
    with pytest.raises(
        ToolMissing,
        match=(
            r"^Language models need torch, transformers, safetensors, accelerate, of which "
            r"transformers is not installed: pip install 'bitnet-hw\[models\]'$"
        ),
    ):
        load_language_model(folder)
