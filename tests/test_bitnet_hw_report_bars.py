"""Stacked bars add up, also where small parts are merged."""

import pytest

from bitnet_hw.report_bars import stacked_bars


def test_parts_and_units():
    figure = stacked_bars(
        "Energy",
        "energy_j",
        [("one", {"adder_tree": 0.001, "none": 0.0}), ("<two>", {"dram_norms": 0.02})],
        note="Note.",
    )
    assert [(trace["name"], trace["x"]) for trace in figure.traces] == [
        ("adder tree", [1.0, 0.0]),
        ("DRAM norms", [0.0, 20.0]),
    ]
    assert figure.layout["xaxis"]["title"]["text"] == "Energy (mJ)"
    assert figure.layout["yaxis"]["ticktext"] == ["one", "&lt;two&gt;"]
    assert figure.note == "Note."


def test_small_parts_are_merged_and_named():
    parts = {f"part_{number}": float(number) for number in range(1, 11)}
    figure = stacked_bars("Energy", "energy_j", [("all", parts), ("one", {"part_1": 100.0})])
    assert [trace["name"] for trace in figure.traces] == [
        *("part 1", "part 5", "part 6", "part 7", "part 8", "part 9", "part 10", "others")
    ]
    assert figure.note == "Others: part 2, part 3, part 4."
    assert [sum(bar) for bar in zip(*(trace["x"] for trace in figure.traces), strict=True)] == (
        pytest.approx([55, 100])
    )
    colors = [trace["marker"]["color"] for trace in figure.traces]
    assert colors == [f"--series-{number}" for number in range(1, 9)]


def test_eight_parts_keep_their_names():
    parts = {f"part_{number}": 1.0 for number in range(8)}
    figure = stacked_bars("Energy", "energy_j", [("all", parts)])
    assert len(figure.traces) == 8
    assert figure.note == ""
