"""No operator stands above its roof, and the figure shows all that have a place."""

import math

import plotly.graph_objects
import pytest

from bitnet_hw.config import load_config
from bitnet_hw.estimate import estimate
from bitnet_hw.model import load_model
from bitnet_hw.roofline import Roofline, roofline
from bitnet_hw.roofline_figure import roofline_figure


def run(array="edge", model="bitnet-b1.58-3b", changes=None, **step):
    return estimate(load_config(array, changes or {}), load_model(model), **step)


HOST = {
    "units": {"attention": "host"},
    "host": {
        "gmacs_per_second": {"nominal": 50, "source": "a guess"},
        "energy_pj_per_mac": {"nominal": 10, "source": "a guess"},
    },
}


@pytest.mark.parametrize(
    "result",
    [
        run(),
        run("large", "bitnet-b1.58-70b", phase="prefill", context=100),
        run("large", "bitnet-b1.58-3b", {"chips.tensor": 4}, batch=16),
        run(changes={"array.weight_bus_bits": 64}),
        run(changes={"formats.lm_head": "ternary"}),
        run(changes=HOST),
    ],
)
def test_nothing_is_above_its_roof(result):
    found = roofline(result)
    assert {point.operator for point in found.points} | set(found.absent) == {
        operator.name for operator in result.operators
    }
    for point in found.points:
        operator = result.operators[point.row]
        assert (point.operator, point.bound) == (operator.name, operator.bound)
        assert point.macs_per_second <= point.roof_macs_per_second * (1 + 1e-9)
    assert sum(point.share for point in found.points) < 1


def test_ceilings():
    found = roofline(run())
    assert found.ceilings == {"array": 320e9, "vector": 64e9}
    assert found.bytes_per_second == {"memory": pytest.approx(68.264e9 * 0.85)}
    assert found.absent == (
        *("norms", "quantize", "dequantize", "rotary", "activation", "residual"),
        *("embedding", "final_norm"),
    )


def test_rates_of_all_chips_that_share_a_layer():
    one, four = roofline(run("large")), roofline(run("large", changes={"chips.tensor": 4}))
    assert four.ceilings == {unit: 4 * peak for unit, peak in one.ceilings.items()}
    assert four.bytes_per_second["memory"] == 4 * one.bytes_per_second["memory"]


def test_a_narrow_port_is_a_ceiling_of_the_array_alone():
    found = roofline(run(changes={"array.weight_bus_bits": 64}))
    assert found.bytes_per_second["weight port"] == 8e9
    roofs = {point.operator: point.roof_macs_per_second for point in found.points}
    assert roofs["qkv_proj"] == pytest.approx(8e9 * 5)
    assert roofs["lm_head"] == pytest.approx(found.bytes_per_second["memory"] / 2)


@pytest.mark.parametrize("changes", [{}, {"array.weight_bus_bits": 64}, HOST])
def test_figure(changes):
    result = run(changes=changes)
    figure = roofline_figure(roofline(result), link="there")
    assert figure.link == "there"
    points = {
        row: (x, y, text)
        for trace in figure.traces
        for row, x, y, text in zip(
            *(trace.get(key, ()) for key in ("ids", "x", "y", "hovertext")), strict=False
        )
    }
    placed = [
        (str(row), operator)
        for row, operator in enumerate(result.operators)
        if operator.macs_per_byte is not None
    ]
    assert set(points) == {row for row, _ in placed}
    low, high = figure.layout["xaxis"]["range"]
    for row, operator in placed:
        x, y, hover = points[row]
        assert (x, y) == (operator.macs_per_byte, operator.macs_per_second / 1e9)
        assert hover.startswith(f"<b>{operator.name}</b>: limited by {operator.bound}<br>")
        assert low < math.log10(x) < high
    # Whoever points at one of several operators at the same place is told of all.
    assert points["0"][2].count("<b>") == 4
    layout = dict(figure.layout, annotations=[])
    plotly.graph_objects.Figure(layout=layout)


def test_lines_have_names():
    figure = roofline_figure(roofline(run(changes={"array.weight_bus_bits": 64})), link="x")
    names = {note["text"]: note for note in figure.layout["annotations"]}
    assert list(names) == [
        *("memory 58.02 GB/s", "weight port 8 GB/s"),
        *("ternary array 320 GMAC/s", "vector unit 64 GMAC/s"),
    ]
    for note in names.values():
        for axis in "xy":
            low, high = figure.layout[f"{axis}axis"]["range"]
            assert low <= note[axis] <= high
    # Of ceilings at the same height, one has its name below.
    changes = {"vector_unit.fp16_macs_per_cycle": 320}
    figure = roofline_figure(roofline(run(changes=changes)), link="x")
    assert [note["yanchor"] for note in figure.layout["annotations"]] == ["top", "bottom", "top"]


def test_operators_at_one_place_share_a_label():
    figure = roofline_figure(roofline(run()), link="x")
    texts = [text for trace in figure.traces for text in trace.get("text", ()) if text]
    assert sorted(texts) == ["attention, lm_head", "qkv_proj + 3 others"]


def test_nothing_to_show():
    empty = Roofline(points=(), ceilings={}, bytes_per_second={"memory": 1.0}, absent=())
    assert roofline_figure(empty, link="x") is None
