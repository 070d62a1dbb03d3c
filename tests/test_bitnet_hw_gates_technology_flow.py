"""From an array and a library to an estimate, through the commands."""

import json
from pathlib import Path
from runpy import run_path

import pytest

from bitnet_hw.cli import main
from bitnet_hw.config import load_config
from bitnet_hw.gates import technology_flow
from bitnet_hw.gates.training import training_operands
from bitnet_hw.gates.unit_parts import UnitFigures

_LIBERTY = run_path(str(Path(__file__).with_name("tiny_liberty.py")))
# Small arrays that tell few terms apart; that is enough for one like them.
SIZES = (
    {"array.rows": 2, "array.lanes": 4, "array.weight_bus_bits": 16, "array.max_tokens": 2},
    {"array.rows": 2, "array.lanes": 6, "array.weight_bus_bits": 24, "array.max_tokens": 2},
)


def configurations(folder):
    files = []
    for number, sizes in enumerate(SIZES):
        array = {key.removeprefix("array."): value for key, value in sizes.items()}
        lines = "".join(f"  {key}: {value}\n" for key, value in array.items())
        file = folder / f"small{number}.yaml"
        file.write_text(f"base: tiny\narray:\n{lines}  output_bus_words: 1\n")
        files.append(str(file))
    return files


# The first run of Yosys on a machine compiles it for a minute.
@pytest.mark.long
def test_a_technology_through_the_commands(tmp_path, capsys, monkeypatch):
    library = str(_LIBERTY["write_tiny"](tmp_path / "tiny"))
    file, arrays = tmp_path / "out" / "made.yaml", configurations(tmp_path)
    options = ["--library", library, "--node-nm", "90", "--no-training", "--set", "clock_mhz=50"]
    # Single operations have a test of their own.
    unit = UnitFigures(energy_fj=100.0, area_um2=50.0, leakage_nw=5.0)
    monkeypatch.setattr(technology_flow, "measure_unit", lambda *_, **__: unit)
    monkeypatch.setattr(technology_flow, "measure_check", lambda *_, **__: unit)
    # The digits classifier need not be trained for this.
    uniform = [stream for stream in training_operands() if stream.name != "digits"]
    monkeypatch.setattr(technology_flow, "training_operands", lambda: uniform)
    assert main(["characterize", *arrays, *options, "-o", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: technology of tiny, fitted to 2 arrays\n"
    text = file.read_text()
    assert main(["characterize", *arrays, *options, "-o", str(file)]) == 0
    assert file.read_text() == text
    capsys.readouterr()

    config = load_config(arrays[0], {"technology": str(file)})
    gates = config.technology.gates
    assert [array.lanes for array in gates.arrays] == [4, 6]
    assert gates.lacks(config.array) == ""
    command = ["estimate", arrays[0], "--model", "bitnet-b1.58-700m", "--set", "array.max_k=65536"]
    command += ["--technology", str(file), "--set", "clock_mhz=50", "--format", "json"]
    assert main(command) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["energy_breakdown_j"]["array_clock"] > 0
    assert {row["status"] for row in result["sources"] if "gates." in row["figure"]} == {"measured"}


def test_several_arrays_are_no_report(tmp_path, capsys):
    library = str(_LIBERTY["write_tiny"](tmp_path / "tiny"))
    assert main(["characterize", "tiny", "edge", "--library", library]) == 2
    assert "A report must have one array" in capsys.readouterr().err
