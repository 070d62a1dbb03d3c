"""The campaign of kills: it notices what is lost, half, left over and still alive."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from benchmarks.kill_cases import CASES, write_inputs
from benchmarks.kill_process import Command
from benchmarks.kill_results import broken_entries, cache_entries, half_files, results, strays
from bitnet_hw.point_store import PointStore
from bitnet_hw.row import Row
from bitnet_hw.sweep import load_sweep

DIGEST = "0" * 24


def test_files_are_whole_or_half(tmp_path):
    (tmp_path / "x.json").write_text('{"a": 1, "seconds": 0.25}')
    whole = results(tmp_path)
    assert half_files(tmp_path, whole) == []
    # Another time is no other result.
    (tmp_path / "x.json").write_text('{"a": 1, "seconds": 1.5e-3}')
    assert half_files(tmp_path, {}, whole) == []
    (tmp_path / "x.json").write_text('{"a": 1, "sec')
    assert half_files(tmp_path, {}, whole) == ["x.json"]
    assert results(tmp_path) != whole


def test_half_points(tmp_path):
    store = PointStore(tmp_path / "points")
    for number in range(2):
        store.put(Row({"error": None, "x": 1, "build_seconds": 0.5, "key": f"{number:064}"}))
    assert sorted(results(tmp_path)) == [f"points/{number:064}" for number in range(2)]
    assert b"seconds" not in results(tmp_path)[f"points/{0:064}"]
    path = tmp_path / "points" / f"{1:064}.json"
    path.write_bytes(path.read_bytes()[:70])
    assert half_files(tmp_path) == [f"points/{1:064}"]


def test_entries_of_a_cache(tmp_path):
    gates = tmp_path / "bitnet-hw" / "gates"
    gates.mkdir(parents=True)
    (gates / f"netlist-{DIGEST}.json").write_text("{}")
    (gates / f"unit-{DIGEST}.json").write_text("{")
    program = gates / f"activity-{DIGEST}"
    binary = Path(sys.executable).read_bytes()
    program.write_bytes(binary)
    assert len(cache_entries(tmp_path)) == 3
    assert broken_entries(tmp_path) == [f"bitnet-hw/gates/unit-{DIGEST}.json"]
    for size in (len(binary) - 1, 100, 0):
        program.write_bytes(binary[:size])
        assert f"bitnet-hw/gates/activity-{DIGEST}" in broken_entries(tmp_path)


def test_what_is_left_over(tmp_path):
    out, cache = tmp_path / "out", tmp_path / "cache"
    (cache / "bitnet-hw" / "gates").mkdir(parents=True)
    (out / "points").mkdir(parents=True)
    (out / "x.json").touch()
    (out / "points" / f"{0:064}.json").touch()
    wanted = {"x.json": b"", f"points/{0:064}": b""}
    assert strays(out, cache, wanted) == []
    (out / "points" / ".y.json.1.bitnet-hw-tmp").touch()
    (cache / "bitnet-hw" / "gates" / "building-x").mkdir()
    assert strays(out, cache, wanted) == [
        *("points/.y.json.1.bitnet-hw-tmp", "bitnet-hw/gates/building-x"),
    ]


@pytest.mark.parametrize("group", [False, True])
def test_orphans_are_found_whatever_their_group(tmp_path, group):
    text = "sleep 60 & setsid sh -c 'echo; exec sleep 60' & wait"
    with Command(["sh", "-c", text], tmp_path, os.environ, tmp_path / "log") as command:
        while not command.output()[0] or len(command.processes()) < 3:
            time.sleep(0.02)
        assert command.kill_at(0.1, group=group)
        assert len(command.orphans_after(0.3)) == (1 if group else 2)
    assert not command.processes()


def test_a_command_that_has_ended_is_not_killed(tmp_path):
    with Command(["true"], tmp_path, os.environ, tmp_path / "log") as command:
        assert not command.kill_at(20, group=True)
    with Command(["sleep", "60"], tmp_path, os.environ, tmp_path / "log") as command:
        assert command.kill_at(0, group=True)
        assert command.wait(1) == -signal.SIGKILL


# It packs a checkpoint with PyTorch.
@pytest.mark.long
def test_inputs_are_right(tmp_path):
    write_inputs(tmp_path / "in")
    points = {
        path.stem: load_sweep(path).points
        for path in tmp_path.glob("in/*.yaml")
        if path.stem != "array"
    }
    assert points == {
        **{"estimates": 600, "others": 400, "many": 20_200, "simulate": 6, "characterize": 2},
    }
    assert sum(case.kills for case in CASES) >= 200
