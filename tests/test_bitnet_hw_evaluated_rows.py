"""Expensive points: every one becomes a row, whatever their processes do, and rows are kept."""

from concurrent.futures import Future

import pytest

from bitnet_hw import evaluated_rows as module
from bitnet_hw.errors import ToolMissing
from bitnet_hw.evaluated_rows import MOST_ATTEMPTS, evaluated_rows
from bitnet_hw.point_store import PointStore
from bitnet_hw.row import Row
from bitnet_hw.sweep import load_sweep
from bitnet_hw.sweep_point import evaluate_point, point_key
from bitnet_hw.workers import PointLost, WorkersGone

POINTS = 6


@pytest.fixture
def sweep(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("base: tiny\nmodel: bitnet-b1.58-3b\nsweep: {batch: [1, 2, 3, 4, 5, 6]}\n")
    return load_sweep(path)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.01)


class Scripted:
    """Workers that finish what is submitted at once, the last first, in the way it is scripted."""

    def __init__(self, script=None, places=(2,)):
        self.script = {batch: list(events) for batch, events in (script or {}).items()}
        self._places = list(places)
        self.together, self.events, self.closed = [], [], None

    def places(self):
        return self._places.pop(0) if len(self._places) > 1 else self._places[0]

    def submit(self, point):
        future = Future()
        self.together.append(point.workload["batch"])
        events = self.script.get(point.workload["batch"])
        event = events.pop(0) if events else None
        if event is None:
            future.set_result(evaluate_point(point, lambda point: {"x": point.workload["batch"]}))
        elif isinstance(event, Exception):
            future.set_exception(event)
        else:
            future.set_result(event(point))
        return future

    def row(self, future):
        self.events.append(sorted(self.together))
        self.together = []
        return future.result()

    def close(self, *, abandon):
        self.closed = abandon


def run(sweep, workers, store=None, indices=range(POINTS)):
    return dict(evaluated_rows(sweep, list(indices), lambda: workers, store))


def test_every_point_becomes_a_row_and_is_kept(sweep, tmp_path):
    workers, store = Scripted(), PointStore(tmp_path / "points")
    rows = run(sweep, workers, store)
    assert {number: row["x"] for number, row in rows.items()} == dict(
        enumerate(range(1, POINTS + 1))
    )
    assert workers.closed is False
    for number, row in rows.items():
        assert store.get(point_key(sweep.point(number))) == row


def test_nothing_to_do_needs_no_workers(sweep):
    assert list(evaluated_rows(sweep, [], lambda: 1 / 0, None)) == []


def test_a_row_is_kept_before_it_is_given_out(sweep, tmp_path):
    store, workers = PointStore(tmp_path / "points"), Scripted()
    rows = evaluated_rows(sweep, [3, 4], lambda: workers, store)
    _, row = next(rows)
    assert store.get(row["key"]) == row
    rows.close()
    assert workers.closed is True


def test_a_lost_point_is_tried_again(sweep):
    workers = Scripted({2: [PointLost("was ended by signal 9 (Killed)")]})
    rows = run(sweep, workers)
    assert [rows[number]["error"] for number in range(POINTS)] == [None] * POINTS


def test_a_point_that_always_kills_is_a_row_and_its_last_chance_is_alone(sweep, tmp_path):
    lost = PointLost("was ended by signal 9 (Killed)")
    workers, store = Scripted({1: [lost] * 9, 2: [lost]}), PointStore(tmp_path)
    rows = run(sweep, workers, store)
    assert len(rows) == POINTS
    assert dict(rows[0]) == {
        "batch": 1,
        "error": "The process of the point was ended by signal 9 (Killed), each time",
    }
    assert rows[1]["error"] is None
    assert len(workers.script[1]) == 9 - MOST_ATTEMPTS
    assert workers.events[-1] == [1]
    # A failed point is not kept: it is tried again by --resume.
    assert len(list(tmp_path.glob("*.json"))) == POINTS - 1


def test_a_loss_may_count_for_several(sweep):
    workers = Scripted({1: [PointLost("was killed", attempts=2)] * 9})
    assert run(sweep, workers)[0]["error"] is not None
    assert len(workers.script[1]) == 7


def test_nothing_is_given_up_before_it_was_alone(sweep):
    # Lost on its way, then queued where a neighbour killed one worker after the other.
    losses = [PointLost("gave no answer"), PointLost("was killed", attempts=2)]
    workers = Scripted({1: losses})
    assert run(sweep, workers)[0]["error"] is None
    assert workers.events[-1] == [1]


def test_other_troubles_are_rows(sweep):
    rows = run(sweep, Scripted({3: [MemoryError("no more")], 4: [ValueError("unreadable")]}))
    assert rows[2]["error"] == "MemoryError: no more"
    assert rows[3]["error"] == "ValueError: unreadable"


def test_a_row_of_another_program_does_not_count(sweep, tmp_path):
    def foreign(point):
        return Row({"batch": 5, "error": None, "x": 5, "key": "of another version"})

    store = PointStore(tmp_path)
    rows = run(sweep, Scripted({5: [foreign]}), store)
    assert rows[4]["error"] == (
        "The worker must run the same bitnet-hw, and find the same files, as this process"
    )
    assert len(list(tmp_path.glob("*.json"))) == POINTS - 1


def test_a_missing_tool_ends_the_sweep(sweep):
    workers = Scripted({2: [ToolMissing("no Verilator")]})
    with pytest.raises(ToolMissing):
        run(sweep, workers)
    assert workers.closed is True


def test_what_is_finished_counts_when_the_workers_are_gone(sweep, tmp_path):
    workers, store = Scripted({1: [WorkersGone("the scheduler is gone")]}), PointStore(tmp_path)
    found = []
    with pytest.raises(WorkersGone):
        found.extend(evaluated_rows(sweep, range(POINTS), lambda: workers, store))
    assert workers.closed is True
    assert len(list(tmp_path.glob("*.json"))) == 1


def test_it_waits_for_places(sweep):
    workers = Scripted(places=(0, 0, 0, 4))
    assert len(run(sweep, workers)) == POINTS
    assert workers.events[0] == [1, 2, 3, 4]
