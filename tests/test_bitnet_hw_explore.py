"""Running a sweep: the same rows on any number of processes, and nothing lost when it stops."""

import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

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


@pytest.fixture
def calls(monkeypatch):
    """Count the points that are estimated in this process."""
    found = []

    def count(point):
        found.append((point.values["array.rows"], point.values["array.lanes"]))
        return evaluate_point(point)

    monkeypatch.setattr(explore, "evaluate_point", count)
    return found


class Immediate(Executor):
    """Runs what is submitted at once; the chunk with this number meets an accident."""

    def __init__(self, failing=None, error=None):
        self.submitted = 0
        self.failing, self.error = failing, error

    def submit(self, function, /, *arguments):
        future = Future()
        if self.submitted == self.failing:
            future.set_exception(self.error)
        else:
            future.set_result(function(*arguments))
        self.submitted += 1
        return future


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


def test_other_processes_give_the_same_rows(sweep):
    plan = sweep()
    assert csv_bytes(run_sweep(plan, jobs=2, serial_seconds=0)) == csv_bytes(run_sweep(plan))


@pytest.mark.parametrize("jobs", [2, 3, 100])
def test_any_executor_gives_the_same_rows(sweep, jobs):
    plan = sweep()
    found = run_sweep(plan, jobs=jobs, serial_seconds=0, make_executor=ThreadPoolExecutor)
    assert csv_bytes(found) == csv_bytes(run_sweep(plan))


def test_little_work_starts_no_other_process(sweep, calls):
    def refuse(jobs):
        raise AssertionError("no executor is needed")

    run_sweep(sweep(), jobs=8, make_executor=refuse, serial_seconds=60)
    assert len(calls) == POINTS


def test_progress_counts_up_to_all_points(sweep):
    found = []
    run_sweep(
        *(sweep(),),
        jobs=2,
        serial_seconds=0,
        make_executor=lambda jobs: Immediate(),
        on_progress=found.append,
    )
    assert found == sorted(found)
    assert found[-1] == POINTS


def test_resuming_computes_nothing_twice(sweep, calls):
    first = run_sweep(sweep())
    earlier = {row["key"]: row for row in first.rows if row["error"] is None}
    del calls[:]
    again = run_sweep(sweep(), earlier=earlier)
    # Only the failed points are tried again.
    assert len(calls) == len(FAILING)
    assert again.reused == POINTS - len(FAILING)
    assert csv_bytes(again) == csv_bytes(first)


def test_resuming_computes_what_is_new(sweep, calls):
    first = run_sweep(sweep())
    earlier = {row["key"]: row for row in first.rows if row["error"] is None}
    del calls[:]
    wider = run_sweep(sweep(TEXT.replace("[16, 2, 32]", "[8, 16, 32]")), earlier=earlier)
    assert calls == [(8, lanes) for lanes in range(4, 33, 4)]
    assert len(wider.rows) == POINTS
    del calls[:]
    run_sweep(sweep(TEXT.replace("context: 64", "context: 65")), earlier=earlier)
    assert len(calls) == POINTS


def test_interruption_keeps_the_finished_points(sweep, monkeypatch):
    expected = run_sweep(sweep())
    count = 0

    def interrupted(point):
        nonlocal count
        count += 1
        if count == 11:
            raise KeyboardInterrupt
        return evaluate_point(point)

    monkeypatch.setattr(explore, "evaluate_point", interrupted)
    found = run_sweep(sweep())
    assert found.stopped == "interrupted"
    assert (len(found.rows), found.points) == (10, POINTS)
    assert found.rows == expected.rows[:10]


@pytest.mark.parametrize(
    ("error", "stopped"),
    [
        (KeyboardInterrupt(), "interrupted"),
        (BrokenProcessPool("terminated abruptly"), "a process died (terminated abruptly)"),
    ],
)
def test_the_finished_chunks_of_an_executor_are_kept(sweep, error, stopped):
    expected = run_sweep(sweep())
    found = run_sweep(
        *(sweep(),),
        jobs=2,
        serial_seconds=0,
        make_executor=lambda jobs: Immediate(failing=1, error=error),
    )
    assert found.stopped == stopped
    # Two chunks of twelve: the second had the accident.
    assert found.rows == expected.rows[:12]


def test_interruption_while_earlier_rows_are_looked_up_loses_none(sweep, monkeypatch):
    def interrupted(point):
        raise KeyboardInterrupt

    monkeypatch.setattr(explore, "point_key", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(sweep(), earlier={"key": {}})


@pytest.mark.parametrize(
    ("objective", "hint"),
    [
        ("tokens_per_secnd", "did you mean 'tokens_per_second'?"),
        ("bound", "did you mean 'bound_seconds.compute'?"),
    ],
)
@pytest.mark.parametrize("serial_seconds", [0, 60])
def test_unknown_objective(sweep, tmp_path, objective, hint, serial_seconds, calls):
    plan = sweep(TEXT + f"objectives: {{cycles: min, {objective}: max}}\n")
    with pytest.raises(ConfigError) as error:
        run_sweep(
            *(plan,),
            jobs=2,
            serial_seconds=serial_seconds,
            make_executor=lambda jobs: Immediate(),
        )
    assert str(error.value) == (
        f"{tmp_path}/s.yaml:8: objectives.{objective} must be a number that "
        f"evaluate: estimate reports; "
        f"{hint}"
    )
    # It is noticed at once, not when all is done.
    assert len(calls) == (1 if serial_seconds else 0)


def test_it_runs_outside_the_main_thread(sweep):
    found = []
    plan = sweep()
    thread = threading.Thread(
        target=lambda: found.append(
            run_sweep(plan, jobs=2, serial_seconds=0, make_executor=ThreadPoolExecutor)
        )
    )
    thread.start()
    thread.join()
    assert len(found[0].rows) == POINTS
