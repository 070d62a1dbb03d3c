"""``bitnet-hw reproduce`` from the command line."""

import csv
import io
import json
import subprocess
import sys

import pytest

from bitnet_hw.cli import main


def run(capsys, *arguments):
    code = main(["reproduce", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_table(capsys):
    code, out, err = run(capsys, "rejunity", "tom")
    assert (code, err) == (0, "")
    assert "rejunity" in out
    assert "+0.0" not in out
    assert "-1.7 %" in out
    assert "2 figures reproduced: median error 0.8 %, worst -1.7 %" in out
    assert "tom: decoding, BitNet 2B, not computed: number of compute units" in out


def test_json(capsys):
    code, out, err = run(capsys, "2b-4t", "--format", "json")
    assert (code, err) == (0, "")
    rows = json.loads(out)["rows"]
    assert len(rows) == 12
    assert {"figure", "source", "published", "ours", "relative_error", "scope"} < set(rows[0])
    assert rows[0]["assumptions"][0].startswith("the rule behind the energies")
    assert json.loads(out)["summary"][0]["figures"] == 12


def test_csv(capsys):
    code, out, _ = run(capsys, "vitallm", "--format", "csv")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["published"] for row in rows] == ["70.7", "72.46", "0.88", "65.97", "0.933"]
    assert "256 ternary accumulations" in rows[0]["assumptions"]


@pytest.mark.parametrize(("name", "start"), [("e.png", b"\x89PNG"), ("e.html", b"<!doctype html>")])
def test_plot(capsys, tmp_path, name, start):
    path = tmp_path / "new" / name
    code, out, err = run(capsys, "rejunity", "--plot", str(path))
    assert (code, err) == (0, "")
    assert path.read_bytes().startswith(start)
    assert f"{path}: written" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["b1.85"],
            (
                "error: NAME must be a set of published figures, a system or the path of a .yaml "
                "file, not 'b1.85'; did you mean 'b1.58'?\n"
            ),
        ),
        (
            ["rejunity", "--plot", "e.pdf"],
            "error: --plot must be a .png or .html file, not 'e.pdf'\n",
        ),
        (
            ["by-gates", "--plot", "e.png"],
            "error: --plot shows errors; gates answer what is chosen, and have none\n",
        ),
    ],
)
def test_errors(capsys, arguments, message):
    assert run(capsys, *arguments) == (1, "", message)


def test_help_has_an_example(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert "Example: bitnet-hw reproduce b1.58 bitnet-kv260 --plot errors.png" in " ".join(
        out.split()
    )


def test_imports_nothing_slow():
    program = (
        "import sys\n"
        "from bitnet_hw.cli import main\n"
        "assert main(['reproduce', '--format', 'json']) == 0\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    slow = {"torch", "amaranth", "cocotb", "numpy", "matplotlib", "plotly", "rich", "transformers"}
    assert set(result.stderr.split()) & slow == set()
