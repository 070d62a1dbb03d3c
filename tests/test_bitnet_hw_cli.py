"""The command line from outside: output, exit codes, one line for each error, and a quick start."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import bitnet_hw.cli
from bitnet_hw.cli import main
from bitnet_hw.errors import BuildFailed, ToolMissing

MODEL = ("--model", "bitnet-b1.58-3b")
TOOL = (sys.executable, "-m", "bitnet_hw")


def run(capsys, *arguments):
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_version(capsys):
    assert run(capsys, "--version") == (0, f"bitnet-hw {bitnet_hw.__version__}\n", "")


def test_help(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert "generate" in out
    assert "estimate" in out


@pytest.mark.parametrize("command", ["estimate", "explore", "generate"])
def test_help_has_an_example_in_one_line(capsys, command):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    [example] = [line for line in out.splitlines() if "Example: " in line]
    arguments = example.split("Example: bitnet-hw ")[1].split()
    assert arguments[0] == command


def test_estimate_table(capsys):
    code, out, err = run(capsys, "estimate", "edge", *MODEL)
    assert (code, err) == (0, "")
    assert "bitnet-b1.58-3b on edge" in out


def test_estimate_json(capsys):
    code, out, err = run(
        *(capsys, "estimate", "edge", *MODEL, "--format", "json", "--batch", "2"),
        *("--context", "100", "--memory", "hbm3-stack", "--technology", "horowitz45"),
    )
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert (report["batch"], report["context"]) == (2, 100)
    assert (report["memory"], report["technology"]) == ("hbm3-stack", "horowitz45")


def test_estimate_csv(capsys):
    code, out, _ = run(capsys, "estimate", "edge", *MODEL, "--format", "csv", "--phase", "prefill")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert rows[0]["name"] == "qkv_proj"
    assert int(rows[0]["cycles"]) > 0


def test_same_input_same_bytes(capsys):
    one = run(capsys, "estimate", "edge", *MODEL, "--format", "json")
    assert run(capsys, "estimate", "edge", *MODEL, "--format", "json") == one


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ("estimate", "edge", "--model", "bitnet-b1.58-3bb"),
            (
                "model must be the name of a preset or the path of a .yaml file, "
                "not 'bitnet-b1.58-3bb'; did you mean 'bitnet-b1.58-3b'?"
            ),
        ),
        (
            ("estimate", "edgee", *MODEL),
            (
                "array must be the name of a preset or the path of a .yaml file, not 'edgee'; "
                "did you mean 'edge'?"
            ),
        ),
        (("estimate", "no/such.yaml", *MODEL), "File no/such.yaml must exist"),
        (
            ("estimate", "edge", *MODEL, "--memory", "hbm"),
            (
                "command line: memory must be the name of a preset or the path of a .yaml file, "
                "not 'hbm'; did you mean 'hbm3-stack'?"
            ),
        ),
        (
            ("estimate", "tiny", *MODEL),
            "array.max_k must be at least 8640 for down_proj of bitnet-b1.58-3b, not 64",
        ),
        (
            ("estimate", "edge", *MODEL, "--context", "4096"),
            (
                "context must be an integer from 1 to 2048, the longest sequence of "
                "bitnet-b1.58-3b, not 4096"
            ),
        ),
        (
            ("estimate", "edge", *MODEL, "--batch", "0"),
            "batch must be an integer from 1 to 65536, not 0",
        ),
        (
            ("generate", "tiny", "-o", "/proc/nowhere"),
            "Folder /proc/nowhere must be writable: No such file or directory",
        ),
        (
            ("generate", "tiny", "-o", "/tmp", "--name", "../../x"),
            (
                "Module name must be a letter or underscore and at most 63 more letters, digits or "
                "underscores, not '../../x'; choose one with --name"
            ),
        ),
    ],
)
def test_user_errors(capsys, arguments, error):
    assert run(capsys, *arguments) == (1, "", f"error: {error}\n")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("array: {rows: 0}", ":1: array.lanes must be given"),
        ("array: {rows: 1, rows: 2}", ":1: array.rows must be given once, but line 1 gives it too"),
        ("a: &a [*a]", ":1: anchors and aliases are not supported"),
        ("[]", ": The file must be a mapping of keys to values"),
    ],
)
def test_bad_files(capsys, tmp_path, text, error):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    assert run(capsys, "estimate", str(path), *MODEL) == (1, "", f"error: {path}{error}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("estimate",),
        ("estimate", "edge"),
        ("estimate", "edge", *MODEL, "--batch", "many"),
        ("estimate", "edge", *MODEL, "--format", "xml"),
        ("estimate", "edge", *MODEL, "--phase", "train"),
        ("estimate", "edge", "--modle", "x"),
        ("frobnicate",),
    ],
)
def test_usage_errors(capsys, arguments):
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert "Usage: bitnet-hw" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (BuildFailed("It must build"), 3, "error: It must build\n"),
        (ToolMissing("Verilator must be installed"), 4, "error: Verilator must be installed\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (
            PermissionError(13, "Permission denied", "/somewhere/x"),
            1,
            "error: /somewhere/x: Permission denied\n",
        ),
    ],
)
def test_exit_codes(capsys, monkeypatch, error, code, message):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr("bitnet_hw.config.load_config", fail)
    assert run(capsys, "estimate", "edge", *MODEL) == (code, "", message)


def test_generate(capsys, tmp_path):
    folder = tmp_path / "new" / "folder"
    code, out, err = run(capsys, "generate", "tiny", "-o", str(folder), "--format", "json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert sorted(path.name for path in folder.iterdir()) == ["tiny.json", "tiny.v"]
    assert report["changed"] == ["tiny.v", "tiny.json"]
    assert "module tiny(" in (folder / "tiny.v").read_text()
    description = json.loads((folder / "tiny.json").read_text())
    assert description["verilog_sha256"] == report["verilog_sha256"]
    assert description["geometry"]["rows"] == 4
    ports = {port["name"]: port for port in report["ports"]}
    assert ports["weights__payload"]["width"] == 64

    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    code, out, _ = run(capsys, "generate", "tiny", "-o", str(folder))
    assert code == 0
    assert "tiny.v: unchanged" in out
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_generate_names_the_module_after_the_file(capsys, tmp_path):
    path = tmp_path / "my-array.yaml"
    path.write_text("base: tiny\n")
    code, out, _ = run(capsys, "generate", str(path), "-o", str(tmp_path), "--format", "csv")
    assert code == 0
    assert out.startswith("name,direction,width,signed\n")
    assert "module my_array(" in (tmp_path / "my_array.v").read_text()


def test_a_closed_pipe_is_no_error():
    command = f"{' '.join(TOOL)} estimate edge {' '.join(MODEL)} --format json | head -1"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "{\n", "")


def test_full_disk():
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [*TOOL, "estimate", "edge", *MODEL],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    message = "error: Standard output must be writable: No space left on device\n"
    assert (result.returncode, result.stderr) == (1, message)


def test_interrupt(tmp_path):
    # A named pipe that nobody writes: the command waits for its configuration.
    pipe = tmp_path / "x.yaml"
    os.mkfifo(pipe)
    process = subprocess.Popen([*TOOL, "estimate", str(pipe), *MODEL], stderr=subprocess.PIPE)
    with pipe.open("wb"):  # Opens as soon as the command has opened its end.
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, b"interrupted\n")


SLOW_MODULES = {
    *("torch", "amaranth", "cocotb", "numpy", "pandas", "pyarrow", "matplotlib", "plotly"),
    *("sklearn", "transformers", "verilator"),
}


@pytest.mark.parametrize(
    "arguments", [("estimate", "edge", *MODEL), ("estimate", "edge", *MODEL, "--format", "json")]
)
def test_estimate_imports_nothing_slow(arguments):
    program = (
        "import sys\n"
        "from bitnet_hw.cli import main\n"
        f"assert main({list(arguments)!r}) == 0\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    modules = set(result.stderr.split())
    assert "bitnet_hw" in modules
    assert modules & SLOW_MODULES == set()


def test_estimate_starts_quickly():
    # Processor time: the machine may be busy. 0.5 s is the bar for wall time on an idle one.
    program = (
        "import os, subprocess, sys\n"
        f"subprocess.run({[*TOOL, 'estimate', 'edge', *MODEL]!r}, check=True, stdout=-3)\n"
        "times = os.times()\n"
        "print(times.children_user + times.children_system)\n"
    )
    seconds = [
        float(
            subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
        )
        for _ in range(3)
    ]
    assert min(seconds) < 0.5
