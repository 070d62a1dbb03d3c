"""The example in docs/notebook.md runs as it stands there."""

import re
from pathlib import Path

import bitnet_hw.estimate
import bitnet_hw.explore
import bitnet_hw.request
import bitnet_hw.system_prediction

PAGE = (Path(__file__).parents[1] / "docs/notebook.md").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for cell in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(cell, "docs/notebook.md", "exec"), names)
    assert names["step"].context == 1024
    assert names["operators"]["seconds"].sum() > 0
    assert names["shares"].idxmax() == "attention"
    assert list(names["speeds"].values()) == sorted(names["speeds"].values())
    assert "</html>" in Path("edge.html").read_text(encoding="utf-8")


def test_what_makes_each_result_is_there():
    for place in re.findall(r"^\| `\w+` \| `(\w+\.\w+)` \|", PAGE, re.MULTILINE):
        module, _, function = place.partition(".")
        assert callable(getattr(getattr(bitnet_hw, module), function))
