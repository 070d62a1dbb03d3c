"""Which figures are compared, and their summary."""

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.reproduce.reproduction import Reproduction, reproduce
from bitnet_hw.reproduce.row import Row


def row(figure, published, ours, **more):
    common = {"group": "g", "unit": "", "source": "s", "scope": "all"}
    return Row(**{**common, "figure": figure, "published": published, "ours": ours, **more})


def test_error():
    assert row("a", 4.0, 5.0).relative_error == 0.25
    assert row("a", 4.0, None).relative_error is None


@pytest.mark.parametrize(
    ("published", "ours", "decimals", "agrees"),
    [(0.028, 0.0276, 3, True), (0.028, 0.0274, 3, False), (16, 16.0, 0, True), (1, 1, None, None)],
)
def test_agreement_as_printed(published, ours, decimals, agrees):
    assert row("a", published, ours, decimals=decimals).agrees_as_printed is agrees


def test_summary():
    result = Reproduction((
        row("formula", 100, 100),
        row("system", 100, 92, system="board"),
        row("far", 100, 130, system="board", missing="the clock"),
        row("fitted", 100, 100, system="board", kind="calibration"),
        row("new", 100, 95, system="other", kind="unseen"),
        row("ours", 100, 30, system="board", kind="gates"),
        row("unknown", 100, None, missing="everything"),
    ))
    found = {item.kind: item.to_dict() for item in result.summaries}
    assert [(kind, item["figures"]) for kind, item in found.items()] == [
        ("reproduced", 3),
        ("systems", 2),
        ("unseen", 1),
    ]
    assert found["reproduced"]["median_error"] == pytest.approx(0.08)
    assert found["systems"]["median_error"] == pytest.approx(0.19)
    assert found["reproduced"]["worst_figure"] == "g: far"
    assert found["unseen"]["worst_error"] == pytest.approx(-0.05)
    assert [item.figure for item in result.misses] == ["unknown", "far"]
    assert "ours" not in [item.figure for item in result.compared]
    assert result.to_dict()["not_computed"] == ["g: unknown"]


def test_the_bar():
    """Half of the figures within 10 %, none beyond 25 %; unseen systems are told apart."""
    summaries = {item.kind: item for item in reproduce().summaries}
    assert summaries["reproduced"].median_error <= 0.10
    assert summaries["systems"].median_error <= 0.10
    assert abs(summaries["reproduced"].worst.relative_error) <= 0.25
    assert summaries["unseen"].figures >= 4


def test_names_choose():
    assert {item.group for item in reproduce(["vitallm", "tom"]).rows} == {"vitallm", "tom"}
    # A system: all figures that are predicted for it, from whatever set.
    cards = reproduce(["a100-80gb"]).rows
    assert {item.system for item in cards} == {"a100-80gb"}
    assert {item.group for item in cards} == {"b1.58"}
    # Nothing twice.
    assert len(reproduce(["rejunity", "rejunity"]).rows) == 2


def test_unknown_name():
    with pytest.raises(
        ConfigError,
        match=r"^NAME must be a set of published figures, a system or the path of a \.yaml file, "
        r"not 'kv260'; did you mean 'bitnet-kv260'\?$",
    ):
        reproduce(["kv260"])
