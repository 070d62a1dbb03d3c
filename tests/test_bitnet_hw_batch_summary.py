"""What is remembered of a sweep, against the whole of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitnet_hw.batch.column import ColumnTable
from bitnet_hw.batch.summary import SweepSummary
from bitnet_hw.expression import parse_expression
from bitnet_hw.pareto import front_order
from bitnet_hw.sweep import load_sweep

SWEEP = """base: edge
model: bitnet-b1.58-700m
sweep:
  array.rows: [2, 4, 8]
  array.lanes: [1, 2, 3, 4, 5]
objectives: {speed: max, cost: min, size: min}
"""


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweep") / "sweep.yaml"
    path.write_text(SWEEP)
    return load_sweep(path)


def table_of(values, failed=()):
    table = ColumnTable(len(values))
    table.fill(None, {"error": None})
    good = np.array([row for row in range(len(values)) if row not in failed], np.int64)
    for number, name in enumerate(("speed", "cost", "size")):
        table.fill(good, {name: values[good, number]})
    if failed:
        table.fill(np.array(failed), {"error": "no"})
    return table


VALUES = st.lists(st.tuples(*[st.integers(1, 6).map(float)] * 3), min_size=15, max_size=15).map(
    np.array
)


@settings(deadline=None)
@given(VALUES, st.integers(1, 15), st.sets(st.integers(0, 14), max_size=5))
def test_chunk_by_chunk_is_the_whole(sweep, values, chunk, failed):
    summary = SweepSummary(sweep, [parse_expression("cost <= 4")], best=3)
    for start in range(0, 15, chunk):
        rows = np.arange(start, min(start + chunk, 15))
        here = tuple(row - start for row in failed if row in rows)
        summary.add(rows, table_of(values[rows], here))
    good = np.array([row not in failed for row in range(15)])
    feasible = np.flatnonzero(good & (values[:, 1] <= 4))
    assert (summary.seen, summary.failed) == (15, len(failed))
    assert summary.outside == np.count_nonzero(good) - len(feasible)
    assert summary.first_failed == (min(failed) if failed else None)
    order = front_order(values[feasible], ["max", "min", "min"])
    assert summary.front().tolist() == feasible[order].tolist()
    fastest = sorted(feasible.tolist(), key=lambda row: (-values[row, 0], row))
    assert summary.best()["speed"].tolist() == fastest[:3]


def test_effects(sweep):
    # Speed doubles with the rows and does not care for the lanes.
    rows = np.repeat([2.0, 4.0, 8.0], 5)
    values = np.stack([rows, np.ones(15), np.tile([1.0, 2, 3, 4, 5], 3)], axis=1)
    summary = SweepSummary(sweep, [])
    summary.add(np.arange(15), table_of(values))
    effects = summary.effects()
    assert effects["array.rows"] == pytest.approx({"speed": 4, "cost": 1, "size": 1})
    assert effects["array.lanes"] == pytest.approx({"speed": 1, "cost": 1, "size": 5})
