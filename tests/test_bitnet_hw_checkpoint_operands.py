"""Operands out of a language model that reads a text."""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bitnet_hw.checkpoint_export import export_checkpoint
from bitnet_hw.checkpoint_operands import checkpoint_operands
from bitnet_hw.cli import main
from bitnet_hw.errors import ConfigError
from bitnet_hw.text_codec import BYTES_MARKER
from golden.network import freeze, ternary_layers

# transformers' layers are compiled on import, and that import warns about PyTorch's own code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)

EXAMPLE = Path(__file__).parents[1] / "examples" / "byte_language_model.py"
example = SimpleNamespace(**run_path(str(EXAMPLE)))
SHAPE = example.Shape(hidden=32, layers=2, ffn=48, head_dim=8, positions=48)


@pytest.fixture(scope="module")
def model():
    return freeze(example.build("ternary", SHAPE, seed=3))


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint")
    export_checkpoint(model, folder, extra=BYTES_MARKER)
    return folder


def test_operands_are_those_of_a_layer(folder, model):
    operands = checkpoint_operands(folder, "def f(x):\n")
    assert operands.name == "checkpoint"
    # Gate, up and down of two layers are the largest: six; the fourth is the second's gate.
    assert operands.source == f"a 48 x 32 layer of {folder.name} on a text of 10 tokens"
    layers = dict(ternary_layers(model))
    [gate] = [name for name in layers if "layers.1" in name and "gate" in name]
    matrix = layers[gate].ternary
    assert np.array_equal(operands.weights, matrix.numpy())
    assert operands.activations.shape == (10, 32)
    # Quantised by the largest of each token.
    assert (np.abs(operands.activations.astype(int)).max(axis=1) == 127).all()


def test_text_beyond_the_context_is_left_out(folder):
    assert len(checkpoint_operands(folder, "x" * 1000).activations) == 48


def test_a_prompt_without_tokens(folder):
    with pytest.raises(
        ConfigError, match=r"--prompt must hold tokens of .* \(0 to 255\), not none"
    ):
        checkpoint_operands(folder, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prompt", "x"], "--prompt must be given together with --checkpoint"),
        (
            ["--checkpoint", "x", "-o", "x.yaml"],
            "--checkpoint and -o x.yaml must not be given together",
        ),
        (
            ["--checkpoint", "x", "--baseline", "int8"],
            "--checkpoint and --baseline must not be given together",
        ),
    ],
)
def test_options_that_do_not_go_together(arguments, message, tmp_path, capsys):
    library = run_path(str(Path(__file__).with_name("tiny_liberty.py")))["write_tiny"](
        tmp_path / "tiny"
    )
    assert main(["characterize", "tiny", "--library", str(library), *arguments]) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_the_model_is_not_changed(folder):
    torch.manual_seed(0)
    first, second = (checkpoint_operands(folder, "class A:") for _ in range(2))
    assert np.array_equal(first.activations, second.activations)
