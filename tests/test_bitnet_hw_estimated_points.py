"""Sweeps of estimates: what is kept of small and of large ones."""

import pyarrow.parquet
import pytest

from bitnet_hw.estimated_points import estimate_sweep
from bitnet_hw.sweep import load_sweep

SWEEP = """base: edge
model: bitnet-b1.58-700m
sweep:
  board: [{idle_w: 1}, {idle_w: 2}]
  memory: [lpddr5x-64, hbm3-stack, ddr4-64]
  array.rows: {from: 2, to: 40, step: 2}
  array.lanes: {from: 10, to: 50, step: 10}
constraints: [array.rows <= 32, power_w < 4]
"""


@pytest.fixture
def sweep(tmp_path):
    def load(text=SWEEP):
        (tmp_path / "s.yaml").write_text(text)
        return load_sweep(tmp_path / "s.yaml")

    return load


def test_a_large_sweep_finds_what_a_small_one_finds(sweep, tmp_path):
    plan = sweep()
    small = estimate_sweep(plan)
    path = tmp_path / "results.parquet"
    large = estimate_sweep(plan, results=path, keep_all=10, jobs=2)
    assert len(small.rows) == 480
    assert (small.finished_points, small.left_out) == (large.finished_points, large.left_out)
    assert (large.finished_points, large.left_out) == (480, 120)
    assert (small.failed_points, small.outside) == (large.failed_points, large.outside)
    assert small.failed_points == 30
    assert [small.rows[index] for index in small.front] == [
        large.rows[index] for index in large.front
    ]
    assert small.effects == large.effects
    for name, best in small.best.items():
        rows = [small.rows[index] for index in best]
        assert rows == [large.rows[index] for index in large.best[name]]
    table = pyarrow.parquet.read_table(path)
    assert table.column("cycles").to_pylist() == [row.get("cycles") for row in small.rows]
    assert table.column("feasible").to_pylist() == list(small.feasible)


def test_fields_that_only_some_points_have(sweep, tmp_path):
    # The first chunk has no board, so its energies do not know the others' component.
    text = SWEEP.replace("[{idle_w: 1}, {idle_w: 2}]", "[null, {idle_w: 2}]")
    plan = sweep(text.replace("  array.lanes: {from: 10, to: 50, step: 10}\n", ""))
    path = tmp_path / "results.parquet"
    found = estimate_sweep(plan, results=path, keep_all=10)
    idle = pyarrow.parquet.read_table(path).column("energy_breakdown_j.board_idle").to_pylist()
    assert len(idle) == found.finished_points == 96
    boards = [row["board"] for row in pyarrow.parquet.read_table(path).to_pylist()]
    errors = [row["error"] for row in pyarrow.parquet.read_table(path).to_pylist()]
    for board, error, joules in zip(boards, errors, idle, strict=True):
        assert (joules is not None) == (board is not None and error is None)


def test_without_a_file(sweep):
    found = estimate_sweep(sweep(), keep_all=10)
    assert not found.streamed
    assert found.finished_points == 480
