"""The verdict over arrays that a technology was not fitted to."""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from bitnet_hw.gates.fit_check import Comparison

held_out = SimpleNamespace(
    **run_path(str(Path(__file__).parents[1] / "benchmarks" / "held_out.py"))
)


def comparisons(*errors, figure="uniform", tokens=1):
    return [Comparison("16x16 trit5", figure, tokens, 100 + error, 100) for error in errors]


FINE = [*comparisons(1, figure="area", tokens=0), *comparisons(40, figure="leakage", tokens=0)]


@pytest.mark.parametrize(
    ("errors", "good"),
    [((1, -2, 14), True), ((1, -2, 16), False), ((-6, -6, 6), False)],
)
def test_bars(errors, good, capsys):
    assert held_out.verdict([*FINE, *comparisons(*errors)]) is good
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "area: median 1.00%, worst 1.00% of 1"
    assert lines[1] == "leakage: median 40.00%, worst 40.00% of 1"
    assert lines[2].startswith("energy: median ")


def test_area_counts_too():
    assert not held_out.verdict([
        *comparisons(6, figure="area", tokens=0),
        *comparisons(1, figure="leakage", tokens=0),
        *comparisons(1),
    ])


def test_a_row_for_each_figure():
    table = held_out.table_of([*FINE, *comparisons(1)], "t")
    assert table.row_count == 3
    assert [str(cell) for cell in table.columns[5].cells] == ["+1.00%", "+40.00%", "+1.00%"]
