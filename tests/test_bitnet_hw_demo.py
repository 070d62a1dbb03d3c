import json

import pytest

from bitnet_hw.demo import main


@pytest.mark.long
def test_the_whole_path(tmp_path, monkeypatch, build_root, capsys):
    monkeypatch.setattr("bitnet_hw.simulation.build_folder", lambda: build_root)
    output = tmp_path / "out"
    assert main(["-o", str(output), "--waves"]) == 0
    digits = json.loads((output / "digits.json").read_text())
    assert digits["passed"] is True
    assert digits["logits_equal"] is True
    assert digits["hardware_accuracy"] == digits["ternary_accuracy"]
    assert digits["ternary_accuracy"] >= digits["float_accuracy"] - 0.02
    # 360 images of 128 + 128 + 10 sums.
    assert digits["simulation"]["outputs_checked"] == 95760
    assert digits["simulation"]["mismatches"] == 0
    estimate = json.loads((output / "estimate.json").read_text())
    assert estimate["model"] == "bitnet-b1.58-3b"
    printed = capsys.readouterr().out
    for name in ("verilog/bitnet_accelerator.v", "explore/pareto.png", "report.html"):
        assert (output / name).stat().st_size > 1000
        assert str(output / name) in printed
    page = (output / "report.html").read_text()
    for chapter in ("Digits through the Verilog", "Array sizes"):
        assert chapter in page
