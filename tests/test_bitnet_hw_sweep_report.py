"""The report of a sweep: its figures, tables and links are right."""

import json
import re

import plotly.graph_objects
import pytest

from bitnet_hw.config import load_config
from bitnet_hw.estimate import estimate
from bitnet_hw.exploration import Exploration
from bitnet_hw.expression import parse_expression
from bitnet_hw.model import load_model
from bitnet_hw.report import render_report
from bitnet_hw.report_sections import Chapter, Code, Facts, Figure, Table
from bitnet_hw.row import Row
from bitnet_hw.sweep_report import sweep_sections

HOSTILE = "<img src=x onerror=alert(1)></script>"


def row(rows, memory, speed, adds, dram):
    return Row({
        "array.rows": rows,
        "array.lanes": 16,
        "memory": memory,
        "error": None,
        "tokens_per_second": speed,
        "energy_per_token_j": adds + dram,
        "macs_per_cycle": 16 * rows,
        "utilization": 0.5,
        "bound": "compute",
        "energy_breakdown_j.adds": adds,
        "energy_breakdown_j.dram": dram,
        "energy_breakdown_j.nothing": 0.0,
        "memory_bytes.weights": 700,
        "memory_bytes.total": 700,
    })


ROWS = (
    row(8, "ddr", 10.0, 0.001, 0.009),
    row(16, "ddr", 20.0, 0.002, 0.018),
    row(8, HOSTILE, 30.0, 0.003, 0.027),
    row(16, HOSTILE, 30.0, 0.004, 0.036),
    Row({"array.rows": 0, "memory": "ddr", "error": HOSTILE}),
)


def exploration(rows=ROWS, **changes):
    fields = {
        "axes": ("array.rows", "memory"),
        "objectives": {"tokens_per_second": "max", "energy_per_token_j": "min"},
        "rows": rows,
        "points": len(rows),
        "best": {"tokens_per_second": (2, 3), "energy_per_token_j": (0,)} if rows is ROWS else {},
        "effects": {"memory": {"tokens_per_second": 2.0}},
    }
    return Exploration(**(fields | changes))


def one(sections, kind, title=None):
    [found] = [
        section
        for section in sections
        if isinstance(section, kind) and title in (None, section.title)
    ]
    return found


def resolved(value):
    """Give the colours of the page a value that plotly knows."""
    return json.loads(re.sub(r'"--[a-z]+(-[1-8])?"', '"#123456"', json.dumps(value)))


def test_order_of_the_sections():
    sections = sweep_sections(exploration(), yaml_text="a: 1", title="Sweep", lead="Of arrays.")
    assert [(type(section), section.title) for section in sections] == [
        (Chapter, "Sweep"),
        (Facts, "Summary"),
        (Figure, "Pareto front"),
        (Table, "Points"),
        (Figure, "Effect of each axis"),
        (Table, "What each axis changes"),
        (Table, "Best: highest throughput"),
        (Table, "Best: lowest energy per token"),
        (Figure, "Energy per token by component"),
        (Figure, "Memory by kind"),
        (Code, "Sweep file"),
    ]
    assert isinstance(sweep_sections(exploration())[0], Facts)


def test_facts():
    facts = one(sweep_sections(exploration(points=9)), Facts).facts
    assert [(fact.label, fact.value, fact.note) for fact in facts] == [
        ("points", "5 of 9", "1 failed"),
        ("Pareto front", "3", "throughput max, energy per token min"),
        ("highest throughput", "30 tokens/s", f"8\u00d716, {HOSTILE}"),
        ("lowest energy per token", "10 mJ", "8\u00d716, ddr"),
    ]


def test_table_and_points_are_linked():
    sections = sweep_sections(exploration())
    table, figure = one(sections, Table, "Points"), one(sections, Figure, "Pareto front")
    assert table.link == figure.link != ""
    assert table.marked == {0, 1, 2}
    assert [column.label for column in table.columns] == [
        *("rows", "memory", "throughput", "energy per token", "utilization", "bound", "error")
    ]
    places = {
        point: (x, y)
        for trace in figure.traces
        for point, x, y in zip(trace.get("ids", ()), trace["x"], trace["y"], strict=False)
    }
    assert set(places) == {"0", "1", "2", "3"}
    for number, cells in enumerate(table.rows[:4]):
        assert places[str(number)] == pytest.approx((cells[2], cells[3] * 1000))


def test_traces_tell_the_front_from_the_rest():
    figure = one(sweep_sections(exploration()), Figure, "Pareto front")
    line, *markers = figure.traces
    assert line["mode"] == "lines"
    assert [(trace["name"], trace["ids"], trace["marker"]["symbol"]) for trace in markers] == [
        ("ddr, Pareto front", ["0", "1"], "circle"),
        ("&lt;img src=x onerror=alert(1)&gt;&lt;/script&gt;, dominated", ["3"], "circle-open"),
        ("&lt;img src=x onerror=alert(1)&gt;&lt;/script&gt;, Pareto front", ["2"], "circle"),
    ]
    assert markers[0]["hovertext"][0] == (
        "<b>8\u00d716</b><br>rows: 8<br>memory: ddr<br>throughput: 10 tokens/s<br>"
        "energy per token: 10 mJ"
    )


def test_bars():
    sections = sweep_sections(exploration())
    figure = one(sections, Figure, "Energy per token by component")
    assert [(trace["name"], trace["x"]) for trace in figure.traces] == [
        ("adds", pytest.approx([3, 2, 1])),
        ("dram", pytest.approx([27, 18, 9])),
    ]
    assert figure.layout["yaxis"]["ticktext"][2] == "8\u00d716, ddr"
    # All points store the same: one bar says it.
    memory = one(sections, Figure, "Memory by kind")
    assert [(trace["name"], trace["x"]) for trace in memory.traces] == [("weights", [700.0])]


def test_figures_are_valid():
    objectives = [
        {"tokens_per_second": "max", "energy_per_token_j": "min", "macs_per_cycle": "min"},
        {"energy_per_token_j": "min"},
    ]
    for choice in objectives:
        for section in sweep_sections(exploration(objectives=choice)):
            if isinstance(section, Figure):
                plotly.graph_objects.Figure(
                    data=resolved(section.traces), layout=resolved(section.layout)
                )


def test_hostile_names_do_not_reach_the_page():
    page = render_report("t", sweep_sections(exploration(), yaml_text=HOSTILE))
    assert "<img" not in page
    assert page.count("</script>") == 3


def test_a_sample_says_that_it_is_one():
    found = exploration(
        points=1_000_000,
        finished=700_000,
        failures=7,
        left_out=300_000,
        outside=250_000,
        constraints=[parse_expression("utilization <= 0.7")],
    )
    sections = sweep_sections(found)
    fact = one(sections, Facts).facts[0]
    assert (fact.value, fact.note) == (
        "700\u202f000",
        "7 failed, 300\u202f000 left out by constraints",
    )
    assert "Of 700\u202f000 points, the front, the best" in one(sections, Table, "Points").note
    figure = one(sections, Figure, "Pareto front")
    assert "crosses: a constraint is broken" not in figure.note
    assert "1 of 699\u202f990 other points are drawn" in figure.note
    assert one(sections, Table, "Constraints").rows == [["utilization <= 0.7"]]


def test_points_that_break_a_constraint_are_crosses():
    found = exploration(constraints=[parse_expression("tokens_per_second < 25")], outside=2)
    figure = one(sweep_sections(found), Figure, "Pareto front")
    assert [trace["ids"] for trace in figure.traces if "ids" in trace] == [["2", "3"], ["0", "1"]]
    crosses, front = (trace for trace in figure.traces if "ids" in trace)
    assert (crosses["name"], front["name"]) == ("breaks a constraint", "ddr, Pareto front")
    assert "crosses: a constraint is broken" in figure.note


def test_names_have_the_axes_with_the_largest_effects():
    axes = ("clock_mhz", "array.rows", "memory", "array.max_tokens")
    rows = [Row({**ROWS[0], "clock_mhz": 500, "array.max_tokens": 8})]
    effects = {"array.max_tokens": {"a": 2.0}, "clock_mhz": {"a": 3.0}, "memory": {"a": 1.0}}
    found = exploration(rows=rows, axes=axes, effects=effects)
    assert one(sweep_sections(found), Facts).facts[2].note == (
        "8\u00d716, clock 500 MHz, max tokens 8"
    )


def test_a_design_has_a_chapter():
    design = estimate(load_config("edge"), load_model("bitnet-b1.58-3b"))
    *others, chapter, roofline, timeline, operators = sweep_sections(
        exploration(), yaml_text="a: 1", design=design
    )
    assert others[-1].title == "Sweep file"
    assert chapter.title == "Highest throughput: 16\u00d720 at 1000 MHz, lpddr5x-64"
    assert (roofline.title, timeline.title) == ("Roofline", "Timeline of one layer")
    assert roofline.link == operators.link
    # The rows of the page's first table are the points of the sweep.
    assert operators.link != one(others, Table, "Points").link


def test_nothing_but_failures():
    sections = sweep_sections(exploration(rows=ROWS[4:], effects={}))
    assert [section.title for section in sections] == ["Summary", "Points"]
    assert [fact.value for fact in sections[0].facts] == ["1", "0"]


def test_many_points_are_thinned_but_not_the_front():
    rows = [row(8, "ddr", float(speed), 1.0, float(speed % 7)) for speed in range(1, 12_001)]
    found = exploration(rows=rows)
    figure = one(sweep_sections(found), Figure, "Pareto front")
    drawn = {point for trace in figure.traces for point in trace.get("ids", ())}
    assert len(drawn) <= 5000
    assert {str(index) for index in found.front} <= drawn
    assert "other points are drawn" in figure.note
