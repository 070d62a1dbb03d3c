"""`bitnet-hw pack` and its verification, and `estimate` of the same checkpoint."""

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


def test_pack_and_verify(folder, tmp_path, capsys):
    arguments = ["pack", str(folder), "tiny", "-o", str(tmp_path / "image")]
    assert main(arguments) == 0
    output = capsys.readouterr().out
    assert "bits per weight │       2.0000" in output
    assert f"{tmp_path / 'image'}: written" in output
    assert main([*arguments, "--verify"]) == 0
    assert "verified: checksums and every weight agree" in capsys.readouterr().out
    assert main([*arguments, "--verify", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["verified"]
    assert data["length"] == 2208
    assert main([*arguments, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["offset"] for row in rows][:3] == ["0", "144", "192"]
    assert len(rows) == 14


def test_pack_without_a_compiler(folder, tmp_path, capsys, monkeypatch):
    """One line says that it is slow; the bytes are the same."""
    assert main(["pack", str(folder), "tiny", "-o", str(tmp_path / "image")]) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["pack", str(folder), "tiny", "-o", str(tmp_path / "slow")]) == 0
    assert capsys.readouterr().err == (
        "Packing with NumPy, many times slower than compiled code: Packing weights in compiled "
        "code needs the program g++; install it with: apt-get install g++\n"
    )
    for name in ("weights.bin", "manifest.json"):
        assert (tmp_path / "image" / name).read_bytes() == (tmp_path / "slow" / name).read_bytes()


def test_pack_of_a_damaged_file(folder, tmp_path, capsys):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:500])
    assert main(["pack", str(folder), "tiny", "-o", str(tmp_path / "image")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"error: {path} must be a complete safetensors file, but ")
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "image").exists()


def test_estimate_of_a_checkpoint(folder, capsys):
    array = "edge"
    for model in (folder, folder / "config.json", folder / "model.safetensors"):
        arguments = ["estimate", array, "--model", str(model), "--context", "64"]
        assert main([*arguments, "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["model"] == "checkpoint"
