"""``bitnet-hw explore`` from outside: what it prints and writes, and how it ends."""

import csv
import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bitnet_hw import atomic_files, explore
from bitnet_hw.cli import main
from bitnet_hw.sweep_point import evaluate_point

FILES = ["results.parquet", "results.csv", "pareto.png", "report.html", "sweep.yaml"]
SWEEP = """\
base: edge  # <img src=x onerror=alert(1)></script>
model: bitnet-b1.58-3b
context: 64
sweep: {array.rows: [2, 16, 32], array.lanes: [8, 16]}
"""


@pytest.fixture
def run(capsys, tmp_path):
    path = tmp_path / "s.yaml"

    def command(*arguments, text=SWEEP):
        path.write_text(text)
        code = main(["explore", str(path), "-o", str(tmp_path / "out"), *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def table_of(path):
    return list(csv.DictReader(io.StringIO(path.read_text())))


def test_table(run, tmp_path):
    code, out, err = run()
    assert code == 0
    assert out.startswith(
        "Pareto front: 4 of 6 points, bitnet-b1.58-3b, decode, batch 1, context 64\n"
    )
    assert "tokens/s" in out
    *paths, failures = err.splitlines()
    assert paths == [str(tmp_path / "out" / name) for name in FILES]
    assert re.fullmatch(
        r"2 of 6 points failed; the first: .*: array\.output_bus_words must be at most rows "
        r"\(2\), not 4",
        failures,
    )
    found = contents(tmp_path / "out")
    assert sorted(found) == sorted(FILES)
    assert found["pareto.png"].startswith(b"\x89PNG")
    assert b"<img" not in found["report.html"]


def test_json(run, tmp_path):
    code, out, _ = run("--format", "json")
    report = json.loads(out)
    assert code == 0
    front = report.pop("front")
    assert report == {
        "points": 6,
        "finished": 6,
        "failed": 2,
        "reused": 0,
        "objectives": {
            "tokens_per_second": "max",
            "energy_per_token_j": "min",
            "macs_per_cycle": "min",
        },
        "files": [str(tmp_path / "out" / name) for name in FILES],
    }
    rates = [row["tokens_per_second"] for row in front]
    assert rates == sorted(rates, reverse=True)
    assert {"array.rows", "energy_breakdown_j.adder_tree", "key"} <= set(front[0])


def test_csv_on_stdout_is_the_front_of_the_file(run, tmp_path):
    code, out, _ = run("--format", "csv")
    assert code == 0
    printed = list(csv.DictReader(io.StringIO(out)))
    written = table_of(tmp_path / "out" / "results.csv")
    assert len(written) == 6
    front = {row["key"] for row in written if row["pareto"] == "true"}
    assert {row["key"] for row in printed} == front
    assert [row["error"] == "" for row in written] == [False] * 2 + [True] * 4


def test_two_runs_write_the_same_bytes_also_with_processes(run, tmp_path, monkeypatch):
    run("--jobs", "1")
    first = contents(tmp_path / "out")
    monkeypatch.setitem(explore.run_sweep.__kwdefaults__, "serial_seconds", 0)
    run("--jobs", "2")
    assert contents(tmp_path / "out") == first


def test_resume(run, tmp_path, monkeypatch):
    run()
    first = contents(tmp_path / "out")
    calls = []

    def count(point):
        calls.append(point.values)
        return evaluate_point(point)

    monkeypatch.setattr(explore, "evaluate_point", count)
    code, out, _ = run("--resume", "--format", "json")
    assert (code, json.loads(out)["reused"]) == (0, 4)
    # The two points that failed.
    assert [values["array.rows"] for values in calls] == [2, 2]
    assert contents(tmp_path / "out") == first
    # The copy of the sweep continues as well as the original.
    folder = str(tmp_path / "out")
    del calls[:]
    assert main(["explore", f"{folder}/sweep.yaml", "-o", folder, "--resume"]) == 0
    assert len(calls) == 2


def test_resume_from_foreign_results(run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results.parquet").write_text("mine")
    code, out, err = run("--resume")
    assert (code, out) == (1, "")
    assert err.startswith(f"error: {tmp_path}/out/results.parquet must be the results of an ")
    assert err.count("\n") == 1
    assert contents(tmp_path / "out") == {"results.parquet": b"mine"}


def test_interruption(run, tmp_path, monkeypatch):
    calls = 0

    def interrupted(point):
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return evaluate_point(point)

    monkeypatch.setattr(explore, "evaluate_point", interrupted)
    code, out, err = run()
    assert code == 130
    assert "Pareto front: 1 of 3 points" in out
    assert "3 of 6 points are finished and kept; go on with --resume\n" in err
    rows = table_of(tmp_path / "out" / "results.csv")
    assert len(rows) == 3
    code, out, _ = run("--resume", "--format", "json")
    assert (code, json.loads(out)["finished"], json.loads(out)["reused"]) == (0, 6, 1)


def test_interruption_before_the_first_point(run, tmp_path, monkeypatch):
    def interrupted(point):
        raise KeyboardInterrupt

    monkeypatch.setattr(explore, "evaluate_point", interrupted)
    code, out, err = run()
    assert (code, out) == (130, "")
    assert err.startswith("0 of 6 points are finished and kept")
    assert contents(tmp_path / "out") == {}


def test_full_disk(run, tmp_path, monkeypatch):
    run()
    first = contents(tmp_path / "out")
    calls = iter(range(5))

    def fsync(descriptor):
        if next(calls) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic_files.os, "fsync", fsync)
    code, out, err = run(text=SWEEP.replace("64", "65"))
    assert (code, out) == (1, "")
    assert err == f"error: Folder {tmp_path}/out must be writable: No space left on device\n"
    assert contents(tmp_path / "out") == first


def test_nothing_but_failures(run, tmp_path):
    text = SWEEP.replace("[2, 16, 32]", "[1, 2]")
    for form, printed in (("table", ""), ("csv", "array.rows,array.lanes,error\n")):
        code, out, err = run("--format", form, text=text)
        assert (code, out) == (1, printed)
        last = err.splitlines()[-1]
        assert last.startswith("error: No point of the sweep could be evaluated; the first: ")
        assert last.endswith("array.output_bus_words must be at most rows (1), not 4")
    assert len(contents(tmp_path / "out")) == 5


def test_wrong_sweep_writes_nothing(run, tmp_path):
    code, out, err = run(text=SWEEP.replace("array.rows", "array.rwos"))
    assert (code, out) == (1, "")
    assert err == (
        f"error: {tmp_path}/s.yaml:4: sweep.array.rwos must be a known key of sweep; "
        "did you mean 'array.rows'?\n"
    )
    assert not (tmp_path / "out").exists()


def test_wrong_usage(capsys):
    assert main(["explore", "array-size"]) == 2
    assert main(["explore", "array-size", "-o", "x", "--jobs", "0"]) == 2
    assert "--jobs" in capsys.readouterr().err
    assert (
        main(["explore", "array-size", "-o", "x", "--jobs", "2", "--scheduler", "tcp://a:1"]) == 2
    )
    assert "--jobs and --scheduler must not be given together" in capsys.readouterr().err


@pytest.mark.long
def test_ctrl_c_reaches_all_processes_and_one_of_them_speaks(tmp_path):
    (tmp_path / "s.yaml").write_text(
        "base: edge\nmodel: bitnet-b1.58-3b\nsweep:\n"
        "  array.rows: {from: 4, to: 400, step: 1}\n"
        "  array.lanes: {from: 4, to: 400, step: 1}\n"
        "  array.weight_bus_bits: auto\n"
    )
    command = [sys.executable, "-m", "bitnet_hw", "explore", "s.yaml", "-o", "out", "--jobs", "2"]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(8)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "points are finished and kept; go on with --resume" in err
    assert "Pareto front" in out
    rows = (tmp_path / "out" / "results.csv").read_text().count("\n") - 1
    assert f"\n{rows} of 157609 points are finished" in err
    assert rows > 0
