"""Sections of a sweep on constraints, axes and the best designs."""

import json
import math
import re

import plotly.graph_objects

from bitnet_hw.exploration import Exploration
from bitnet_hw.expression import parse_expression
from bitnet_hw.report import render_report
from bitnet_hw.row import Row
from bitnet_hw.sweep_tables import best_tables, constraint_table, effect_sections

HOSTILE = "<img src=x onerror=alert(1)></script>"
OBJECTIVES = {"tokens_per_second": "max", "energy_per_token_j": "min"}
ROW = Row({"memory": HOSTILE, "tokens_per_second": 5.0, "energy_per_token_j": 2e-3, "bound": None})


def exploration(rows=(ROW,), **changes):
    fields = {
        "axes": ("memory",),
        "objectives": OBJECTIVES,
        "rows": list(rows),
        "points": len(rows),
    }
    return Exploration(**(fields | changes))


def test_best_are_ranked_in_their_own_units():
    [table] = best_tables(exploration(best={"energy_per_token_j": (0,)}))
    assert table.title == "Best: lowest energy per token"
    assert [column.title for column in table.columns] == [
        *("rank", "memory", "throughput (tokens/s)", "energy per token (mJ)")
    ]
    assert table.rows == [[1, HOSTILE, 5.0, 2e-3]]
    assert "<img" not in render_report("t", [table])


def test_effects_are_sorted_by_what_matters():
    effects = {
        "clock_mhz": {"tokens_per_second": 1.2, "energy_per_token_j": math.nan},
        HOSTILE: {"tokens_per_second": 1.0, "energy_per_token_j": 30.0},
    }
    figure, table = effect_sections(effects, OBJECTIVES)
    assert table.rows == [[HOSTILE, 1.0, 30.0], ["clock_mhz", 1.2, None]]
    assert [trace["x"] for trace in figure.traces] == [[1.0, 1.2], [30.0, None]]
    assert figure.traces[1]["text"] == ["30\u00d7", ""]
    assert 10 ** figure.layout["xaxis"]["range"][1] > 30
    plain = json.loads(re.sub(r'"--[a-z]+-[1-8]"', '"#123456"', json.dumps([*figure.traces])))
    plotly.graph_objects.Figure(data=plain, layout=dict(figure.layout))
    assert "<img" not in render_report("t", [figure, table])


def test_nothing_has_an_effect():
    [table] = effect_sections({"a": {"tokens_per_second": 1.0}}, {"tokens_per_second": "max"})
    assert table.rows == [["a", 1.0]]
    assert effect_sections({}, OBJECTIVES) == []
    assert effect_sections({"a": {"tokens_per_second": math.nan}}, OBJECTIVES) == []


def test_constraints():
    rows = [Row({"power_w": float(power), "error": None}) for power in range(10)]
    rows.append(Row({"error": "wrong"}))
    limits = [parse_expression("power_w <= 2"), parse_expression("power_w > 0")]
    table = constraint_table(exploration(rows, constraints=limits, outside=8))
    assert table.rows == [["power_w <= 2", 7], ["power_w > 0", 1]]
    assert table.note.startswith("8 of 11 designs, 72.7%, break at least one: ")
    # Of a sample, only the sum is known.
    table = constraint_table(
        exploration(rows, points=4_000_000, constraints=limits, outside=10, left_out=1_999_990)
    )
    assert ([column.label for column in table.columns], table.rows) == (
        ["constraint"],
        [["power_w <= 2"], ["power_w > 0"]],
    )
    assert table.note.startswith("2\u202f000\u202f000 of 4\u202f000\u202f000 designs, 50.0%, ")
    assert "1\u202f999\u202f990 of them were not estimated" in table.note
