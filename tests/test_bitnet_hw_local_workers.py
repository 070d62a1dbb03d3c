"""Processes of this machine: they answer, die and are replaced, and none is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bitnet_hw.errors import ToolMissing
from bitnet_hw.evaluators import EVALUATORS, Evaluator
from bitnet_hw.explore import run_sweep
from bitnet_hw.local_workers import LocalWorkers
from bitnet_hw.point_store import PointStore
from bitnet_hw.result_files import csv_bytes
from bitnet_hw.sweep import load_sweep
from bitnet_hw.workers import PointLost

pytestmark = pytest.mark.long


@pytest.fixture
def slow(monkeypatch, tmp_path):
    """Import evaluators that other processes find, too."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setenv("SLOW_POINTS_TRACE", str(tmp_path / "trace"))
    import slow_points

    entry = Evaluator(
        fields=slow_points.answer, objectives={}, settings=EVALUATORS["simulate"].settings
    )
    monkeypatch.setitem(EVALUATORS, "simulate", entry)
    return slow_points


@pytest.fixture
def sweep(tmp_path, slow):
    def load(*batches):
        path = tmp_path / "s.yaml"
        path.write_text(slow.SWEEP.replace("BATCHES", ", ".join(map(str, batches))))
        return load_sweep(path)

    return load


def test_bad_points_are_rows_and_the_others_do_not_notice(sweep, slow, tmp_path):
    plan = sweep(1, slow.KILLER, 3, slow.BROKEN, 5)
    store = PointStore(tmp_path / "points")
    found = run_sweep(plan, jobs=2, store=store)
    assert (len(found.rows), found.stopped) == (5, "")
    assert [row["batch"] for row in found.rows] == [1, slow.KILLER, 3, slow.BROKEN, 5]
    assert found.failed == (1, 3)
    assert found.rows[1]["error"] == (
        "The process of the point was ended by signal 9 (Killed), each time"
    )
    assert found.rows[3]["error"] == "ZeroDivisionError: division by zero"
    assert dict(found.rows[4]) == {
        "batch": 5,
        "error": None,
        "answer": 210,
        "of.life": 1.5,
        "key": found.rows[4]["key"],
    }
    trace = slow.Trace(tmp_path / "trace")
    assert trace.count("begin") == {1: 1, slow.KILLER: 3, 3: 1, slow.BROKEN: 1, 5: 1}
    # Failed points are tried again, the others are not.
    again = run_sweep(plan, jobs=1, earlier=store, store=store)
    assert csv_bytes(again) == csv_bytes(found)
    assert (again.reused, len(again.failed)) == (3, 2)
    assert trace.count("end") == {1: 1, 3: 1, 5: 1}


def test_a_killed_process_loses_nothing(sweep, slow, tmp_path, monkeypatch):
    monkeypatch.setenv("SLOW_POINTS_SECONDS", "0.5")
    trace, killed = slow.Trace(tmp_path / "trace"), []

    def kill_one(finished):
        # No point begins while this runs, so one that is at work now is all there is to kill.
        if not killed and finished and (busy := trace.busy()):
            killed.extend(list(busy.items())[:1])
            os.kill(killed[0][0], signal.SIGKILL)

    plan = sweep(*range(1, 9))
    found = run_sweep(plan, jobs=2, on_progress=kill_one)
    assert [row["answer"] for row in found.rows] == [42 * batch for batch in range(1, 9)]
    [(_, victim)] = killed
    assert trace.count("begin") == {batch: 1 + (batch == victim) for batch in range(1, 9)}


def test_interruption_ends_the_processes_at_once(sweep, slow, tmp_path, monkeypatch):
    monkeypatch.setenv("SLOW_POINTS_SECONDS", "100")
    trace = slow.Trace(tmp_path / "trace")
    workers = LocalWorkers(2, slow.answer)
    futures = [workers.submit(sweep(1, 2).point(index)) for index in range(2)]
    trace.wait_until(lambda trace: len(trace.busy()) == 2)
    processes, started = list(trace.busy()), time.monotonic()
    workers.close(abandon=True)
    assert time.monotonic() - started < 30
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
    for future in futures:
        with pytest.raises(PointLost, match="ended"):
            workers.row(future)


def test_a_point_that_hangs_in_compiled_code_is_a_row(sweep, slow, tmp_path, monkeypatch):
    monkeypatch.setenv("SLOW_POINTS_SECONDS", "100")
    monkeypatch.setattr("bitnet_hw.local_workers._OVERTIME_SECONDS", 5.0)
    plan = sweep(1)
    plan.settings["timeout_s"] = 0.5
    started = time.monotonic()
    found = run_sweep(plan, jobs=1)
    assert time.monotonic() - started < 60
    assert found.rows[0]["error"] == ("The point hung: its process was ended some time after 0.5 s")
    [(_, _, worker)] = slow.Trace(tmp_path / "trace").lines()
    assert not alive(int(worker))


def test_a_missing_tool_is_an_error_of_its_own(sweep, slow):
    workers = LocalWorkers(1, slow.refuse)
    future = workers.submit(sweep(1).point(0))
    with pytest.raises(ToolMissing, match=r"^Simulation needs Verilator$"):
        workers.row(future)
    workers.close(abandon=False)


ORPHAN = """\
import slow_points
from bitnet_hw.evaluators import EVALUATORS, Evaluator
from bitnet_hw.cli import main
import sys
EVALUATORS["simulate"] = Evaluator(
    fields=slow_points.answer, objectives={}, settings=EVALUATORS["simulate"].settings
)
if __name__ == "__main__":
    sys.exit(main(["explore", "s.yaml", "-o", "out", "--jobs", "2", *sys.argv[1:]]))
"""


@pytest.fixture
def explore(tmp_path, monkeypatch, slow):
    """Start `bitnet-hw explore` with slow points in a process of its own."""
    (tmp_path / "explore.py").write_text(ORPHAN)
    path = [str(Path(__file__).parent), *filter(None, sys.path)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))

    def start(*arguments):
        return subprocess.Popen(
            [sys.executable, "explore.py", *arguments],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_resume_after_the_end_of_the_exploration(how, explore, sweep, slow, tmp_path, monkeypatch):
    monkeypatch.setenv("SLOW_POINTS_SECONDS", "0.3")
    points = 12
    sweep(*range(1, points + 1))
    trace = slow.Trace(tmp_path / "trace")
    process = explore()
    trace.wait_until(lambda trace: len(trace.count("end")) >= 5)
    if how == signal.SIGINT:
        # As Ctrl-C: to all processes of the terminal.
        os.killpg(process.pid, how)
    else:
        process.kill()
    _, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    assert process.returncode == (-9 if how == signal.SIGKILL else 130)
    # Orphans end by themselves.
    deadline = time.monotonic() + 30
    while any(alive(worker) for worker in {int(line[2]) for line in trace.lines()}):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    kept = len(list((tmp_path / "out" / "points").glob("*.json")))
    assert kept >= 3
    before = trace.count("begin")
    # The last file that was written is half there, as after a power failure without a journal.
    newest = max(
        (tmp_path / "out" / "points").glob("*.json"), key=lambda path: path.stat().st_mtime
    )
    newest.write_bytes(newest.read_bytes()[:50])
    process = explore("--resume", "--format", "json")
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert f'"finished": {points}' in output
    assert f'"reused": {kept - 1}' in output
    assert "1 file in out/points was damaged: its point is computed again" in errors
    assert sum((trace.count("begin") - before).values()) == points - (kept - 1)
    process = explore("--resume", "--format", "json")
    output, errors = process.communicate(timeout=120)
    assert f'"reused": {points}' in output
    assert "damaged" not in errors
    assert sum((trace.count("begin") - before).values()) == points - (kept - 1)


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return state != "Z"
