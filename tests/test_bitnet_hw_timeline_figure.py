"""The figure of a timeline draws every cycle once, and names units, bounds and energies."""

import json
import re

import plotly.graph_objects
import pytest

from bitnet_hw.config import load_config
from bitnet_hw.estimate import estimate
from bitnet_hw.layer_timeline import layer_timeline
from bitnet_hw.model import load_model
from bitnet_hw.timeline_figure import timeline_figure


@pytest.fixture(scope="module")
def timeline():
    config = load_config("large", {"chips.tensor": 2, "memory": "ddr4-64"})
    return layer_timeline(estimate(config, load_model("bitnet-b1.58-2b-4t")))


def test_bars_cover_the_layer_without_gaps(timeline):
    *bars, energy = timeline_figure(timeline).traces
    pieces = sorted(
        (base, length, place)
        for trace in bars
        for base, length, place in zip(trace["base"], trace["x"], trace["y"], strict=True)
    )
    end = 0.0
    for base, length, _ in pieces:
        assert base == pytest.approx(end)
        end = base + length
    assert end * 1000 == pytest.approx(timeline.cycles)
    # Top down in the order of time.
    assert [place for *_, place in pieces] == sorted(place for *_, place in pieces)
    assert energy["xaxis"] == "x2"
    assert sum(energy["x"]) == pytest.approx(timeline.energy_j * 1e6, rel=1e-9)


def test_units_and_stalls_have_their_colours(timeline):
    *bars, _ = timeline_figure(timeline).traces
    names = [trace["name"] for trace in bars]
    assert names[:2] == ["array: busy", "array: waits for weights"]
    assert {"vector unit: computes", "link between chips"} <= set(names)
    colors = [trace["marker"]["color"] for trace in bars]
    assert len(set(colors)) == len(colors)


def test_hover_names_everything(timeline):
    figure = timeline_figure(timeline)
    hover = figure.traces[0]["hovertext"][0]
    for text in ("<b>qkv_proj</b>: array, limited by weights", "cycles ", "energy ", "J, "):
        assert text in hover
    assert "busy: " in hover
    assert "waits for weights: " in hover
    assert figure.note.startswith("1 token through one of 30 layers: ")


def test_figure_is_valid(timeline):
    figure = timeline_figure(timeline)
    plain = json.loads(
        re.sub(r'"--[a-z]+(-[1-8])?"', '"#123456"', json.dumps([figure.traces, figure.layout]))
    )
    plotly.graph_objects.Figure(data=plain[0], layout=plain[1])
