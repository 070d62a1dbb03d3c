import json

import pytest

from bitnet_hw import simulation
from bitnet_hw.cli import main

TINY = "tiny"


@pytest.fixture(autouse=True)
def cache(monkeypatch, build_root):
    monkeypatch.setattr("bitnet_hw.simulation.build_folder", lambda: build_root)


def test_json_has_the_promised_keys(capsys):
    assert main(["simulate", TINY, "--random", "3", "--format", "json", "--seed", "5"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["passed"] is True
    assert result["mismatches"] == 0
    assert result["cycles_measured"] == result["cycles_predicted"]
    assert result["counters_measured"] == result["counters_predicted"]
    assert result["simulator"] == "verilator"
    assert result["seed"] == 5
    for key in ("jobs", "outputs_checked", "macs", "utilization", "seconds"):
        assert result[key] > 0


def test_shapes_run_in_order_and_csv_has_one_row(capsys):
    shapes = ["--shape", "1x64x8", "--shape", "3x9x5", "--weight-rate", "1/3"]
    assert main(["simulate", TINY, *shapes, "--format", "csv"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    values = dict(zip(header.split(","), row.split(","), strict=True))
    assert values["jobs"] == "3"
    assert values["outputs_checked"] == str(8 + 15)
    assert values["macs"] == str(64 * 8 + 3 * 9 * 5)


def test_table_and_waveform(capsys, tmp_path):
    folder = tmp_path / "waves"
    assert main(["simulate", TINY, "--shape", "1x8x4", "--waves", "-o", str(folder)]) == 0
    output = capsys.readouterr().out
    assert "pass" in output
    assert "as predicted" in output
    [waveform] = [path for path in folder.iterdir() if path.suffix in (".vcd", ".fst")]
    assert str(waveform) in output
    assert waveform.stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--shape", "8x8"], "error: --shape must be tokens x inputs x outputs"),
        (["--weight-rate", "2/1"], "error: --weight-rate must be words/cycles"),
        (["--model", "bitnet-b1.58-3B"], "did you mean 'bitnet-b1.58-3b'?"),
    ],
)
def test_wrong_input_is_one_line(arguments, message, capsys):
    assert main(["simulate", TINY, *arguments]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]


def test_missing_simulator_says_how_to_get_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    arguments = ["simulate", TINY, "--simulator", "icarus", "--shape", "1x8x4"]
    assert main(arguments) == 4
    assert "apt" in capsys.readouterr().err


@pytest.mark.long
def test_broken_hardware_is_found(monkeypatch, capsys):
    good = simulation.Simulation.verilog

    def broken(self):
        text = good(self)
        assert "+ $signed({" in text
        # The accumulators subtract now.
        return text.replace("+ $signed({ sum", "- $signed({ sum")

    monkeypatch.setattr(simulation.Simulation, "verilog", broken)
    assert main(["simulate", TINY, "--shape", "1x8x4"]) == 3
    captured = capsys.readouterr()
    assert "FAIL" in captured.out
    assert "error: " in captured.err
