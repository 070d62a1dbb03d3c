import importlib.util
import json
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch

from bitnet_hw.checkpoint.i2s_layout import I2sLayout
from bitnet_hw.checkpoint_export import export_checkpoint
from bitnet_hw.errors import ConfigError, ToolMissing
from bitnet_hw.generation import generate
from bitnet_hw.language_model import load_language_model
from bitnet_hw.text_codec import BYTES_MARKER, ByteCodec
from golden.matmul import ternary_matmul
from golden.network import freeze

# transformers' layers are compiled on import, and that import warns about PyTorch's own code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_gguf.py"))))
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
    assert model.path == folder
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
        ConfigError,
        match=r"must be a folder with config\.json and .*, or a \.gguf file, not another file$",
    ):
        load_language_model(folder / "model.safetensors")


def test_damaged_weights(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ConfigError, match=r"model\.safetensors"):
        load_language_model(folder)


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("folder", "torch, transformers, safetensors, accelerate"),
        ("m.gguf", "torch, transformers, gguf"),
    ],
)
def test_missing_package(tmp_path, monkeypatch, name, needed):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "transformers" else found(name, *rest),
    )
    with pytest.raises(
        ToolMissing,
        match=(
            rf"^Language models need {needed}, of which transformers is not installed: "
            r"pip install 'bitnet-hw\[models\]'$"
        ),
    ):
        load_language_model(tmp_path / name)


def write_gguf(path, architecture, kind, **settings):
    network = tiny.ternary_network(architecture)
    return tiny.write_gguf(path, network, kind, architecture=architecture, **settings)


@pytest.mark.parametrize("architecture", ["bitnet", "llama"])
def test_a_gguf_file_says_nothing_and_is_the_folder(tmp_path, architecture, capfd):
    network = tiny.ternary_network(architecture)
    export_checkpoint(network, tmp_path / "folder", extra=BYTES_MARKER)
    path = tiny.write_gguf(tmp_path / "m.gguf", network, "TQ1_0", architecture=architecture)
    model, other = load_language_model(path), load_language_model(tmp_path / "folder")
    assert model.path == path
    assert isinstance(model.codec, ByteCodec)
    assert (model.context, model.vocabulary, model.stop_tokens) == (48, 256, frozenset())
    assert [tensor.n for tensor in model.tensors] == [tensor.n for tensor in other.tensors]
    tokens = generate(model.network, b"ab", 16)
    assert list(tokens) == list(generate(other.network, b"ab", 16))
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_stop_tokens_of_a_gguf_file(tmp_path):
    def metadata(writer):
        tiny.byte_tokens(writer)
        writer.add_eos_token_id(10)
        writer.add_eot_token_id(3)

    path = write_gguf(tmp_path / "m.gguf", "llama", "TQ2_0", metadata=metadata)
    assert load_language_model(path).stop_tokens == {3, 10}


def test_the_layout_of_i2_s_must_be_named(tmp_path):
    path = write_gguf(tmp_path / "m.gguf", "bitnet", "I2_S", layout="blocks64")
    with pytest.raises(ConfigError, match=r"is I2_S, whose layout the file does not tell"):
        load_language_model(path)
    assert len(load_language_model(path, i2s_layout=I2sLayout.BLOCKS64).tensors) == 14


def test_no_such_gguf_file(tmp_path):
    with pytest.raises(ConfigError, match=r"^File .*/none\.gguf must exist$"):
        load_language_model(tmp_path / "none.gguf")


def test_a_tokenizer_is_needed(tmp_path):
    def metadata(writer):
        writer.add_vocab_size(256)

    path = write_gguf(tmp_path / "m.gguf", "bitnet", "TQ2_0", metadata=metadata)
    with pytest.raises(ConfigError, match=r"m\.gguf: tokenizer\.ggml\.model must be one of "):
        load_language_model(path)
