import json
import subprocess
import sys
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from bitnet_hw.checkpoint_export import export_checkpoint
from bitnet_hw.cli import main
from bitnet_hw.commands import infer as command
from bitnet_hw.text_codec import BYTES_MARKER
from golden.network import freeze

# transformers' layers are compiled on import, and that import warns about PyTorch's own code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)

EXAMPLE = Path(__file__).parents[1] / "examples" / "byte_language_model.py"
example = SimpleNamespace(**run_path(str(EXAMPLE)))
SHAPE = example.Shape(hidden=32, layers=1, ffn=48, head_dim=8, positions=48)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint")
    model = freeze(example.build("ternary", SHAPE, seed=3))
    export_checkpoint(model, folder, extra=BYTES_MARKER)
    return str(folder)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "infer"))


def run(*arguments):
    return main(["infer", *arguments, "--array", "tiny"])


def test_text_on_output_and_table_beside_it(folder, capsys):
    assert run(folder, "--prompt", "ab", "--tokens", "5", "--golden") == 0
    captured = capsys.readouterr()
    assert captured.out.endswith("\n")
    assert "tokens/s at 1000 MHz" in captured.err
    assert "7 ternary layers in the golden model, tiny" in captured.err
    assert "BitLinear layers only" in captured.err


def test_json_on_output_and_text_beside_it(folder, capsys):
    assert run(folder, "--prompt", "ab", "--tokens", "5", "--golden", "--format", "json") == 0
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert captured.err.rstrip("\n") == report["text"].rstrip("\n")
    assert (report["tokens"], report["prompt_tokens"], report["seed"]) == (5, 2, 0)
    assert report["cycles_simulated"] is None
    assert report["cycles_predicted"] > 0


def test_csv_has_one_row(folder, capsys):
    assert run(folder, "--prompt", "ab", "--tokens", "2", "--golden", "--format", "csv") == 0
    header = capsys.readouterr().out.splitlines()[0].split(",")
    assert {"tokens", "cycles_predicted", "tokens_per_second", "scope"} <= set(header)


def test_pieces_come_one_by_one(folder, monkeypatch):
    pieces = []
    monkeypatch.setattr(command, "write", pieces.append)
    assert run(folder, "--prompt", "ab", "--tokens", "6", "--golden") == 0
    assert len(pieces) >= 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prompt", ""], "error: --prompt must hold at least one token, not none"),
        (["--prompt", "a", "--tokens", "49"], "error: --prompt and --tokens must fit into "),
        (["--prompt", "a", "--array", "none"], "error: "),
    ],
)
def test_wrong_input_is_one_line(folder, arguments, message, capsys):
    assert main(["infer", folder, "--golden", "--array", "tiny", *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(message)
    assert len(captured.err.splitlines()) == 1


def test_no_checkpoint(tmp_path, capsys):
    assert run(str(tmp_path / "none"), "--prompt", "a") == 1
    assert capsys.readouterr().err == f"error: Checkpoint {tmp_path / 'none'} must exist\n"


def test_a_layer_that_does_not_fit_is_found_first(folder, tmp_path, capsys):
    array = tmp_path / "narrow.yaml"
    array.write_text("base: tiny\narray: {max_k: 40}\n")
    assert main(["infer", folder, "--prompt", "a", "--array", str(array)]) == 1
    assert "error: array.max_k must be at least 48" in capsys.readouterr().err


def test_interrupt_ends_the_line(folder, monkeypatch, capsys):
    from bitnet_hw import inference

    steps = inference.generate

    def interrupted(*arguments, **settings):
        yield next(steps(*arguments, **settings))
        yield ord("x")
        raise KeyboardInterrupt

    monkeypatch.setattr(inference, "generate", interrupted)
    assert run(folder, "--prompt", "ab", "--golden", "--tokens", "6") == 130
    captured = capsys.readouterr()
    assert captured.out.endswith("x\n")
    assert captured.err == "interrupted\n"


def test_the_prompt_is_needed(folder):
    assert run(folder) == 2


def test_help_has_an_example(capsys):
    assert main(["infer", "--help"]) == 0
    assert "Example: bitnet-hw infer" in capsys.readouterr().out


def test_the_command_line_starts_without_torch():
    code = "import sys, bitnet_hw.cli; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.long
def test_the_hardware_gives_the_same_text_in_the_predicted_time(folder, capsys):
    arguments = (folder, "--prompt", "ab", "--tokens", "20")
    assert run(*arguments, "--golden") == 0
    golden = capsys.readouterr().out
    assert run(*arguments) == 0
    assert capsys.readouterr().out == golden
    assert run(*arguments, "--format", "json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["passed"] is True
    assert report["backend"] == "rtl"
    assert report["cycles_simulated"] == report["cycles_predicted"] > 5_000
    # Outputs of the layer: q 32, k and v 16, o 32, gate and up 48, down 32; 2 + 19 tokens.
    assert report["outputs_checked"] == 224 * 21
