"""Bars of ours beside baselines say what the numbers say."""

import pytest

from bitnet_hw.baseline_report import baseline_sections
from bitnet_hw.config import load_config
from bitnet_hw.estimate import estimate
from bitnet_hw.model import load_model

NAMES = ["FP16, same peak", "INT8, same peak", "FP16, same area", "INT8, same area"]


@pytest.fixture(scope="module")
def result():
    return estimate(load_config("edge"), load_model("bitnet-b1.58-3b")).to_dict()


def test_bars(result):
    figure = baseline_sections(result)[0]
    assert figure.layout["yaxis"]["ticktext"] == NAMES
    assert [trace["name"] for trace in figure.traces] == [
        *("energy per token", "time per token", "memory")
    ]
    baselines = list(result["baselines"].values())
    energy, time, _ = figure.traces
    assert energy["x"] == [baseline["ratios"]["energy"] for baseline in baselines]
    assert energy["text"][0] == f"{energy['x'][0]:.2f}\u00d7"
    speeds = [baseline["tokens_per_second"] for baseline in baselines]
    assert time["x"] == pytest.approx([result["tokens_per_second"] / speed for speed in speeds])
    assert f"{speeds[0]:.4g}/s" in time["hovertext"][0]
    assert f"{result['tokens_per_second']:.4g}/s" in time["hovertext"][0]


def test_table_has_ours_first_and_marked(result):
    table = baseline_sections(result)[1]
    assert [row[0] for row in table.rows] == ["ternary, edge", *NAMES]
    assert table.rows[0][1:] == [
        result["macs_per_cycle"],
        result["tokens_per_second"],
        result["energy_per_token_j"],
        result["memory_bytes"]["total"],
    ]
    assert (table.marked, table.marked_name) == (frozenset([0]), "")


def test_without_areas_there_are_two_baselines():
    config = load_config("edge", {"technology": "horowitz45"})
    result = estimate(config, load_model("bitnet-b1.58-3b"), phase="prefill", context=4).to_dict()
    figure, table = baseline_sections(result)
    assert (
        len(figure.layout["yaxis"]["ticktext"]) == len(table.rows) - 1 == len(result["baselines"])
    )
