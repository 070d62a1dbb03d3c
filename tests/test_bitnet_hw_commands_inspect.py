"""`bitnet-hw inspect`: what it prints, against the golden quantiser."""

import csv
import io
import json
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from bitnet_hw.cli import main

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_checkpoints.py"))))


@pytest.fixture
def folder(tmp_path):
    weights = tiny.masters(tiny.SHAPE)
    config = tiny.hf_config(tiny.SHAPE, linear_class="autobitlinear")
    tensors = tiny.hf_tensors(tiny.SHAPE, weights, linear_class="autobitlinear")
    return tiny.write_hf(tmp_path / "checkpoint", config, tensors)


def test_inspect(folder, tmp_path, capsys):
    assert main(["inspect", str(folder), "-o", str(tmp_path / "plots")]) == 0
    output = capsys.readouterr().out
    assert output.startswith(
        f"{folder}: Hugging Face safetensors, packed weights, autobitlinear\n"
        "2 layers, hidden 24, ffn 40, 3/1 heads of 8, vocabulary 12, relu2, sub-norms, "
        "tied lm_head\n"
    )
    assert "8,832 ternary weights in 2,208 bytes: " in output
    plot = tmp_path / "plots" / "distribution.png"
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert main(["inspect", str(folder), "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    golden = tiny.expected(tiny.masters(tiny.SHAPE))
    for row in data["tensors"]:
        ternary = golden[row["layer"], row["role"]].ternary
        shares = [float((ternary == value).float().mean()) for value in (-1, 0, 1)]
        assert [row["minus"], row["zero"], row["plus"]] == pytest.approx(shares)
    assert data["minus"] + data["zero"] + data["plus"] == pytest.approx(1)
    assert 1.57 < data["entropy_bits"] < 1.585
    assert data["plot"] is None
    assert main(["inspect", str(folder), "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows[0]["storage"] == "U8 quarter blocks"
    assert rows[0]["scale_convention"] == "mean"


def test_i2s_needs_its_layout(tmp_path, capsys):
    expected = tiny.expected(tiny.masters(tiny.WIDE))
    path = tiny.write_gguf(tmp_path / "m.gguf", tiny.WIDE, expected, "I2_S", layout="blocks128")
    assert main(["inspect", str(path)]) == 1
    assert "name it with --i2s-layout blocks128, blocks64, rows4" in capsys.readouterr().err
    assert main(["inspect", str(path), "--i2s-layout", "blocks128"]) == 0
    assert "GGUF, I2_S blocks128" in capsys.readouterr().out
