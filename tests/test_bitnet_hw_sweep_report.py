"""The report of a sweep: its figures, tables and links are right."""

import json
import re

import plotly.graph_objects
import pytest

from bitnet_hw.exploration import Exploration
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
    table, figure = one(sections, Table), one(sections, Figure, "Pareto front")
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


def test_nothing_but_failures():
    sections = sweep_sections(exploration(rows=ROWS[4:]))
    assert [section.title for section in sections] == ["Summary", "Points"]
    assert [fact.value for fact in sections[0].facts] == ["1", "0"]


def test_many_points_are_thinned_but_not_the_front():
    rows = [row(8, "ddr", float(speed), 1.0, float(speed % 7)) for speed in range(1, 12_001)]
    found = exploration(rows=rows)
    figure = one(sweep_sections(found), Figure, "Pareto front")
    drawn = {point for trace in figure.traces for point in trace.get("ids", ())}
    assert len(drawn) <= 5000
    assert {str(index) for index in found.front} <= drawn
    assert "dominated points are drawn" in figure.note
