import importlib.util
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from bitnet_hw.config import load_config
from bitnet_hw.inference import infer
from bitnet_hw.language_model import load_language_model
from golden.bitlinear import BitLinear
from golden.language_model import LanguagePlan, bits_per_byte

# transformers' layers are compiled on import, and that import warns about PyTorch's own code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)

EXAMPLE = Path(__file__).parents[1] / "examples" / "byte_language_model.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("byte_language_model", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def library(tmp_path):
    """Make a folder of 64 small files, and some that do not count."""
    for number in range(64):
        text = f"def f{number}(x):\n    return x + {number}\n\n"
        (tmp_path / f"m{number}.py").write_text(text * 8)
    for name in ("test/a.py", "site-packages/b.py", "c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("secret")
    return tmp_path


def test_corpus_is_split_by_file(example, library):
    corpus = example.standard_library(library)
    training, validation = (bytes(part.tolist()) for part in (corpus.training, corpus.validation))
    assert corpus.files == 64
    assert b"secret" not in training + validation
    assert len(validation) > 100
    for number in range(64):
        name = f"def f{number}(".encode()
        assert (name in training) != (name in validation)
    again = example.standard_library(library)
    assert torch.equal(again.validation, corpus.validation)


def test_the_standard_library_is_there(example):
    corpus = example.standard_library()
    assert corpus.files > 200
    assert len(corpus.training) > 4e6
    assert len(corpus.validation) == 1 << 18


def test_both_models_start_from_the_same_weights(example):
    shape = example.Shape(hidden=32, layers=1, ffn=48, head_dim=8)
    first, second = (example.build(kind, shape, seed=5) for kind in ("fp32", "ternary"))
    states = first.state_dict(), second.state_dict()
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    kinds = [type(layer) for layer in second.modules() if isinstance(layer, nn.Linear)]
    assert (kinds.count(BitLinear), kinds.count(nn.Linear)) == (7, 1)
    assert type(second.lm_head) is nn.Linear
    assert second.config.num_key_value_heads == 2


def test_training_lowers_bits_per_byte(example, library, capsys):
    corpus = example.standard_library(library)
    shape = example.Shape(hidden=32, layers=1, ffn=48, head_dim=8)
    plan = LanguagePlan(steps=30, batch_size=4, context=32, learning_rate=1e-2)
    models = {kind: example.build(kind, shape, seed=0) for kind in example.KINDS}

    def measured():
        return {
            kind: bits_per_byte(example.logits_of(model), corpus.validation, context=32)
            for kind, model in models.items()
        }

    before = measured()
    seconds = example.train_all(models, corpus, plan, seed=0)
    after = measured()
    assert set(seconds) == set(example.KINDS)
    for kind in example.KINDS:
        assert before[kind] == pytest.approx(8, abs=0.5)
        assert after[kind] < 5
    assert "ternary: step 30 of 30" in capsys.readouterr().err


def test_an_error_stops_both(example, library):
    corpus = example.standard_library(library)
    shape = example.Shape(hidden=32, layers=1, ffn=48, head_dim=8)
    models = {kind: example.build(kind, shape, seed=0) for kind in example.KINDS}
    models["fp32"].lm_head = None
    plan = LanguagePlan(steps=100_000, context=8)
    with pytest.raises(TypeError):
        example.train_all(models, corpus, plan, seed=0)


def test_compressors(example):
    text = torch.zeros(1000, dtype=torch.uint8)
    sizes = example.compressed_bits_per_byte(text)
    assert set(sizes) == {"zlib", "lzma"}
    assert sizes["zlib"] < 0.2


def test_the_whole_script(example, library, tmp_path, monkeypatch, capsys):
    corpus = example.standard_library(library)
    monkeypatch.setattr(example, "standard_library", lambda: corpus)
    folder = tmp_path / "model"
    assert example.main(["-o", str(folder), "--steps", "2"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures["bits_per_byte"]) == {"fp32", "ternary", "zlib", "lzma"}
    # Two steps of two windows of 256 bytes.
    assert figures["bytes_seen"] == 2 * 2 * 256
    prompt, sample = example.PROMPT, figures["sample"]
    model, temperature = load_language_model(folder), example.TEMPERATURE
    result = infer(model, load_config("edge"), prompt, 200, hardware=None, temperature=temperature)
    assert prompt + result.text == sample


@pytest.mark.parametrize("steps", ["0", "-3", "many"])
def test_steps_must_be_positive(example, steps, capsys):
    with pytest.raises(SystemExit, match=r"^2$"):
        example.main(["--steps", steps])
    assert f"argument --steps: must be a positive integer, not '{steps}'" in capsys.readouterr().err


def test_the_folder_is_tried_first(example, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert example.main(["-o", str(tmp_path / "file" / "model")]) == 1
    assert "must be writable" in capsys.readouterr().err
