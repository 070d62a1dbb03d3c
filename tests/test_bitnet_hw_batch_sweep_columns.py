"""Rows of sweeps as columns, against the row of each point."""

import json
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from bitnet_hw.batch.sweep_columns import SweepColumns
from bitnet_hw.expression import parse_expression
from bitnet_hw.presets import preset_names
from bitnet_hw.sweep import load_sweep
from bitnet_hw.sweep_point import evaluate_point

_HAND = run_path(str(Path(__file__).with_name("gate_technology.py")))
GATES = _HAND["technology"]()
# Other terms than those: they have no place in one column.
OTHER_GATES = _HAND["technology"](
    terms=[
        _HAND["term"]("adder tree", "rows * tree_register_bits", 3.0),
        *_HAND["GATES"]["terms"],
    ]
)

HEAD = "base: edge\nmodel: bitnet-b1.58-700m\nsweep:\n"

SWEEPS = {
    "wrong sizes": """
  array.rows: [0, 4, 16, 5000]
  array.output_bus_words: [2, 8]
  array.weight_bus_bits: [512, 12, auto]
  array.max_k: [64, 4096]
""",
    "wrong types": """
  array.rows: [16, "16", 16.0, true, null]
  vector_unit.fp16_macs_per_cycle: [0, 64, many]
""",
    "names, blocks and prices": """
  memory:
    - lpddr5x-64
    - {base: hbm3-stack, efficiency: 0.5}
    - {peak_gb_per_s: 9, energy_pj_per_bit: 1}
  technology: [jouppi7, horowitz45]
  clock_mhz: [123.4, 1000]
  activity.zero_fraction: [0.2, 0.4]
""",
    "workloads": """
  model: [bitnet-b1.58-700m, bitnet-b1.58-2b-4t]
  phase: [decode, prefill]
  batch: [1, 9]
  context: [16, 2048, 5000]
""",
    "shapes of the work": """
  array.max_tokens: [1, 4]
  array.weight_encoding: [trit2, trit5]
  array.weight_bus_bits: [auto, 512]
  formats.lm_head: [fp16, ternary]
  chips.tensor: [1, 2, 50]
""",
    "check bits": """
  array.weight_check: [none, hamming, crc]
  array.weight_encoding: [trit2, trit5]
  array.weight_bus_bits: [auto, 512, 16, 8]
  technology: [jouppi7, horowitz45]
""",
    "check bits and gates": """
  array.weight_check: [hamming]
  array.weight_bus_bits: [auto, 528]
  array.lanes: [20, 30]
  technology: [asap7, osu018]
""",
    "optional parts": """
  board: [{idle_w: 2}, {idle_w: 3}]
  units.norms: [vector, host]
  array.lanes: [20, 30]
""",
    "gates and tables": f"""
  technology:
    - jouppi7
    - {json.dumps(GATES)}
    - {json.dumps(OTHER_GATES)}
    - {json.dumps({**GATES, "base": "horowitz45"})}
  array.weight_encoding: [trit2, trit5]
  array.weight_bus_bits: [auto]
  array.lanes: [20, 31]
  activity.operands: [uniform, relu2]
""",
    "a wrong price": """
  memory.efficiency: [0.5, 1.5]
  clock_mhz: [-1, 500]
""",
}


def load(tmp_path, text):
    path = tmp_path / "sweep.yaml"
    path.write_text(HEAD + text)
    return load_sweep(path)


@pytest.mark.parametrize("text", SWEEPS.values(), ids=SWEEPS)
def test_rows_are_those_of_the_points(tmp_path, text):
    sweep = load(tmp_path, text)
    table = SweepColumns(sweep).evaluate(np.arange(sweep.points))
    good = 0
    for index in range(sweep.points):
        row = dict(evaluate_point(sweep.point(index)))
        row.pop("key", None)
        cells = {name: column.cell(index) for name, column in table.columns.items()}
        found = {name: cell for name, cell in cells.items() if cell is not None or name in row}
        assert found == row
        good += row["error"] is None
    assert good > 0


def test_any_points_in_any_order(tmp_path):
    sweep = load(tmp_path, SWEEPS["names, blocks and prices"])
    columns = SweepColumns(sweep)
    whole = columns.evaluate(np.arange(sweep.points))
    some = np.array([23, 4, 4, 0])
    table = columns.evaluate(some)
    for name in ("cycles", "energy_per_token_j", "memory"):
        expected = [whole.columns[name].cell(int(index)) for index in some]
        assert [table.columns[name].cell(row) for row in range(4)] == expected


def test_only_the_wanted_fields(tmp_path):
    sweep = load(tmp_path, SWEEPS["shapes of the work"])
    table = SweepColumns(sweep, ["tokens_per_second"]).evaluate(np.arange(4))
    assert set(table.columns) == {*sweep.values, "error", "tokens_per_second"}


def test_a_constraint_over_fields_of_the_sweep(tmp_path):
    sweep = load(tmp_path, "  array.rows: [8, 16, 32]\n  array.lanes: [8, 16]\n")
    holds = SweepColumns(sweep).holds(
        parse_expression("array.rows * array.lanes <= 256"), np.arange(6)
    )
    assert holds.tolist() == [True, True, True, True, True, False]


def test_shipped_sweeps_of_estimates():
    assert {"array-size", "million"} <= set(preset_names("sweeps"))
