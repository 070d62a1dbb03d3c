import json
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from bitnet_hw.array_work import split_jobs
from bitnet_hw.checkpoint_export import export_checkpoint
from bitnet_hw.cli import main
from bitnet_hw.commands import infer as command
from bitnet_hw.config import load_config
from bitnet_hw.cycles import CycleCount, cycles
from bitnet_hw.text_codec import BYTES_MARKER
from bitnet_hw.timing import weight_rate
from golden.matmul import ternary_matmul
from golden.network import freeze

# transformers' layers are compiled on import, and that import warns about PyTorch's own code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_gguf.py"))))
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


class Counting:
    """Multiplies as the golden model does, and counts as the cycle model does, and more."""

    def __init__(self):
        self.counters = Counter(dict.fromkeys(CycleCount.__dataclass_fields__, 0))
        self.too_many = {}

    def __call__(self, q, ternary):
        config = load_config("tiny")
        jobs = split_jobs(config.array, *q.shape, len(ternary))
        self.counters.update(asdict(cycles(config.array, jobs, weight_rate(config))))
        self.counters.update(self.too_many)
        return ternary_matmul(q, ternary)


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
    monkeypatch.setattr(command, "write", lambda piece: pieces.append(piece) or True)
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


def test_a_closed_pipe_ends_it_at_once_and_quietly(tmp_path):
    """A reader who takes one byte does not wait for, or pay for, a hundred thousand tokens."""
    shape = example.Shape(hidden=32, layers=1, ffn=48, head_dim=8, positions=200_000)
    export_checkpoint(freeze(example.build("ternary", shape, seed=3)), tmp_path, extra=BYTES_MARKER)
    arguments = ("infer", str(tmp_path), "--prompt", "ab", "--array", "tiny", "--golden")
    with subprocess.Popen(
        [sys.executable, "-m", "bitnet_hw", *arguments, "--tokens", "100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert len(process.stdout.read(1)) == 1
            process.stdout.close()
            # A hundred thousand tokens take minutes.
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    assert errors == b""


@pytest.mark.parametrize("name", ["busy", "output_wait"])
def test_a_counter_that_differs_is_named(folder, monkeypatch, capsys, name):
    hardware = Counting()
    monkeypatch.setattr(command, "_hardware", lambda config: hardware)
    assert run(folder, "--prompt", "ab", "--tokens", "2") == 0
    assert "all as predicted" in capsys.readouterr().err
    hardware.too_many = {name: 1}
    assert run(folder, "--prompt", "ab", "--tokens", "2", "--format", "json") == 3
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert report["passed"] is False
    parts = []
    for part in ("prefill", "decode"):
        predicted = report[part]["counters_predicted"]
        assert report[part]["counters_simulated"] == predicted | {name: predicted[name] + 7}
        parts.append(f"{name} of {part} is {predicted[name] + 7}, not {predicted[name]}")
    message = f"error: Every counter must equal the cycle model's, but {', '.join(parts)}"
    assert captured.err.splitlines()[-1] == message


@pytest.mark.parametrize("architecture", ["bitnet", "llama"])
def test_a_gguf_file_gives_the_text_of_the_folder(tmp_path, capsys, architecture):
    network = tiny.ternary_network(architecture)
    export_checkpoint(network, tmp_path / "folder", extra=BYTES_MARKER)
    path = tmp_path / "m.gguf"
    tiny.write_gguf(path, network, "I2_S", architecture=architecture, layout="blocks64")
    options = ("--prompt", "ab", "--tokens", "12", "--golden", "--array", "edge")
    texts = []
    for checkpoint in ((tmp_path / "folder",), (path, "--i2s-layout", "blocks64")):
        assert main(["infer", *map(str, checkpoint), *options]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] != ""


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
    for part in ("prefill", "decode"):
        counters = report[part]["counters_simulated"]
        assert counters == report[part]["counters_predicted"]
        assert min(counters["busy"], counters["activation_wait"]) > 0
    # Outputs of the layer: q 32, k and v 16, o 32, gate and up 48, down 32; 2 + 19 tokens.
    assert report["outputs_checked"] == 224 * 21


@pytest.mark.long
def test_the_counters_of_the_hardware_with_slow_weights(folder, tmp_path, capsys):
    array = tmp_path / "slow.yaml"
    # A hundred times the clock with the same memory: most cycles wait for weights.
    array.write_text("base: tiny\nclock_mhz: 100000\n")
    arguments = ("--prompt", "abc", "--tokens", "4", "--array", str(array), "--format", "json")
    assert main(["infer", folder, *arguments]) == 0
    report = json.loads(capsys.readouterr().out)
    for part in ("prefill", "decode"):
        counters = report[part]["counters_simulated"]
        assert counters == report[part]["counters_predicted"]
        assert counters["weight_wait"] > counters["busy"] > 0
