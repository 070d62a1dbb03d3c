"""Running a sweep of estimates: the same rows on any number of threads, in order."""

import threading

import pytest

from bitnet_hw import explore
from bitnet_hw.errors import ConfigError
from bitnet_hw.explore import run_sweep
from bitnet_hw.result_files import csv_bytes
from bitnet_hw.sweep import load_sweep
from bitnet_hw.sweep_point import evaluate_point

TEXT = """\
base: edge
model: bitnet-b1.58-3b
context: 64
sweep:
  array.rows: [16, 2, 32]
  array.lanes: {from: 4, to: 32, step: 4}
  array.weight_bus_bits: auto
"""
POINTS = 24
# Rows with 2 array rows fail: fewer than the words of the result stream.
FAILING = set(range(8, 16))


@pytest.fixture
def sweep(tmp_path):
    def load(text=TEXT):
        (tmp_path / "s.yaml").write_text(text)
        return load_sweep(tmp_path / "s.yaml")

    return load


def test_rows_are_in_the_order_of_the_sweep(sweep):
    found = run_sweep(sweep())
    assert (found.points, len(found.rows), found.reused, found.stopped) == (POINTS, POINTS, 0, "")
    assert [(row["array.rows"], row["array.lanes"]) for row in found.rows] == [
        (rows, lanes) for rows in (16, 2, 32) for lanes in range(4, 33, 4)
    ]
    assert set(found.failed) == FAILING
    assert found.rows[8]["error"].endswith("output_bus_words must be at most rows (2), not 4")
    assert found.front
    assert not FAILING & set(found.front)


@pytest.mark.parametrize("jobs", [2, 100])
def test_other_threads_give_the_same_rows(sweep, jobs):
    plan = sweep()
    assert csv_bytes(run_sweep(plan, jobs=jobs)) == csv_bytes(run_sweep(plan))


def test_rows_are_those_of_single_points(sweep):
    plan = sweep()
    for index, row in enumerate(run_sweep(plan).rows):
        alone = dict(evaluate_point(plan.point(index)))
        alone.pop("key", None)
        assert dict(row) == alone


def test_progress_counts_up_to_all_points(sweep):
    found = []
    run_sweep(sweep(), jobs=2, on_progress=found.append)
    assert found == sorted(found)
    assert found[-1] == POINTS


def test_interruption_while_earlier_rows_are_looked_up_loses_none(sweep, monkeypatch):
    def interrupted(point):
        raise KeyboardInterrupt

    monkeypatch.setattr(explore, "point_key", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(sweep("evaluate: simulate\n" + TEXT), earlier={"key": {}})


@pytest.mark.parametrize(
    ("objective", "hint"),
    [
        ("tokens_per_secnd", "did you mean 'tokens_per_second'?"),
        ("bound", "did you mean 'bound_seconds.compute'?"),
    ],
)
def test_unknown_objective(sweep, tmp_path, objective, hint):
    plan = sweep(TEXT + f"objectives: {{cycles: min, {objective}: max}}\n")
    finished = []
    with pytest.raises(ConfigError) as error:
        run_sweep(plan, jobs=2, on_progress=finished.append)
    assert str(error.value) == (
        f"{tmp_path}/s.yaml:8: objectives.{objective} must be a number that "
        f"evaluate: estimate reports; "
        f"{hint}"
    )
    # It is noticed at once, not when all is done.
    assert not finished


def test_it_runs_outside_the_main_thread(sweep):
    found = []
    plan = sweep()
    thread = threading.Thread(target=lambda: found.append(run_sweep(plan, jobs=2)))
    thread.start()
    thread.join()
    assert len(found[0].rows) == POINTS
