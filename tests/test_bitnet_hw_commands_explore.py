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

import pyarrow.parquet
import pytest

from bitnet_hw import atomic_files, estimated_points
from bitnet_hw.batch.stream import column_chunks
from bitnet_hw.cli import main

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
        "Pareto front: 3 of 6 points, bitnet-b1.58-3b, decode, batch 1, context 64\n"
    )
    assert "tokens/s" in out
    # In the unit of the heading, millijoules.
    [wide] = [line for line in out.splitlines() if re.match(r" +32 +8 ", line)]
    assert float(wide.split()[3]) == pytest.approx(44.25, abs=0.5)
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
    front, best, effects = (report.pop(name) for name in ("front", "best", "effects"))
    assert report == {
        "points": 6,
        "finished": 6,
        "failed": 2,
        "left_out": 0,
        "outside_constraints": 0,
        "constraints": [],
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
    assert {"array.rows", "energy_breakdown_j.adder_tree"} <= set(front[0])
    assert best["tokens_per_second"][0] == front[0]
    assert [row["macs_per_cycle"] for row in best["macs_per_cycle"]] == [128, 256, 256, 512]
    # Twice the rows, twice the array; the mean over the lanes does not change that.
    assert effects["array.rows"]["macs_per_cycle"] == pytest.approx(2)


def test_csv_on_stdout_is_the_front_of_the_file(run, tmp_path):
    code, out, _ = run("--format", "csv")
    assert code == 0
    printed = list(csv.DictReader(io.StringIO(out)))
    written = table_of(tmp_path / "out" / "results.csv")
    assert len(written) == 6
    front = {row["energy_per_token_j"] for row in written if row["pareto"] == "true"}
    assert {row["energy_per_token_j"] for row in printed} == front
    assert [row["error"] == "" for row in written] == [False] * 2 + [True] * 4


def test_two_runs_write_the_same_bytes_also_with_threads(run, tmp_path):
    run("--jobs", "1")
    first = contents(tmp_path / "out")
    run("--jobs", "3", "--resume")
    assert contents(tmp_path / "out") == first
    # The copy of the sweep explores the same points as the original.
    folder = str(tmp_path / "out")
    assert main(["explore", f"{folder}/sweep.yaml", "-o", folder]) == 0
    again = contents(tmp_path / "out")
    assert again["sweep.yaml"] == first["sweep.yaml"]
    rows = [
        # Errors name the file.
        [{**row, "error": bool(row["error"])} for row in csv.DictReader(text.decode().splitlines())]
        for text in (first["results.csv"], again["results.csv"])
    ]
    assert rows[0] == rows[1]


def test_constraints(run, tmp_path):
    text = SWEEP + "constraints: [array.rows * array.lanes <= 256, power_w < 2.47]\n"
    code, out, _ = run("--format", "json", text=text)
    report = json.loads(out)
    assert code == 0
    # 32 x 16 lanes are not estimated; of the others, what takes too much power is not on the front.
    assert (report["points"], report["finished"], report["left_out"]) == (6, 5, 1)
    rows = table_of(tmp_path / "out" / "results.csv")
    good = [row for row in rows if row["error"] == ""]
    outside = [row for row in good if float(row["power_w"]) >= 2.47]
    assert report["outside_constraints"] == len(outside) > 0
    assert all(row["power_w"] < 2.47 for row in report["front"])
    assert {row["pareto"] for row in outside} == {"false"}


@pytest.mark.parametrize("constraint", ["bound < 5", "bound ** 2 > 1"])
def test_a_constraint_that_takes_a_text_for_a_number(run, constraint):
    code, out, err = run(text=SWEEP + f"constraints: [{constraint}]\n")
    assert (code, out) == (1, "")
    assert err == f"error: Expression '{constraint}' must not mix texts and numbers\n"


def test_no_point_holds_to_the_constraints(run, tmp_path):
    code, out, err = run(text=SWEEP + "constraints: [array.rows > 99]\n")
    assert (code, out) == (1, "")
    assert err == "error: No point of the sweep holds to its constraints\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "constraints: [power_w <]",
            r":5: constraints\[0\] must be an expression such as .*, not 'power_w <'",
        ),
        (
            "constraints: [1 < 2, powr_w < 3]",
            (
                r":5: constraints\[1\] must name fields that evaluate: estimate reports, "
                r"not 'powr_w'; did you mean 'power_w'\?"
            ),
        ),
        (
            "fields: [cycle]",
            (
                r":5: fields\[0\] must name fields that evaluate: estimate reports, "
                r"not 'cycle'; did you mean 'cycles'\?"
            ),
        ),
        ("constraints: power_w < 3", r":5: constraints must be a list, not 'power_w < 3'"),
        (
            "constraints: [\"__import__('os').system('x') == 0\"]",
            r":5: constraints\[0\] must be an expression of fields, numbers, .*, without call",
        ),
    ],
)
def test_wrong_constraints(run, tmp_path, line, message):
    code, out, err = run(text=f"{SWEEP}{line}\n")
    assert (code, out) == (1, "")
    assert re.fullmatch(f"error: {re.escape(str(tmp_path))}/s\\.yaml{message}\n", err)


def test_a_large_sweep(run, tmp_path, monkeypatch):
    monkeypatch.setitem(estimated_points.estimate_sweep.__kwdefaults__, "keep_all", 3)
    text = f"{SWEEP}constraints: [array.lanes < 16, power_w < 9]\nfields: [cycles]\n"
    code, out, _ = run("--format", "json", text=text)
    report = json.loads(out)
    assert (code, report["finished"], report["failed"], report["left_out"]) == (0, 3, 1, 3)
    rows = pyarrow.parquet.read_table(tmp_path / "out" / "results.parquet").to_pylist()
    assert [set(row) for row in rows] == [
        {
            *("array.rows", "array.lanes", "error", "cycles", "power_w", "feasible"),
            *("tokens_per_second", "energy_per_token_j", "macs_per_cycle"),
        }
    ] * 3
    assert [row["array.rows"] for row in rows] == [2, 16, 32]
    assert [row["feasible"] for row in rows] == [False, True, True]
    assert rows[0]["cycles"] is None
    assert "output_bus_words" in rows[0]["error"]
    # The other files show the same points, with all their fields.
    assert [row["array.rows"] for row in table_of(tmp_path / "out" / "results.csv")] == [
        "2",
        "16",
        "32",
    ]


def test_interruption(run, tmp_path, monkeypatch):
    def some(*arguments, **options):
        for number, chunk in enumerate(column_chunks(*arguments, **options, chunk=1), start=1):
            if number == 3:
                os.kill(os.getpid(), signal.SIGINT)
            yield chunk

    monkeypatch.setattr(estimated_points, "column_chunks", some)
    code, out, err = run()
    assert code == 130
    assert "Pareto front: 1 of 3 points" in out
    assert err.endswith("3 of 6 points are finished and kept\ninterrupted\n")
    assert len(table_of(tmp_path / "out" / "results.csv")) == 3
    # Ctrl-C is what it was before.
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


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
def test_ctrl_c(tmp_path):
    (tmp_path / "s.yaml").write_text(
        "base: edge\nmodel: bitnet-b1.58-3b\nsweep:\n"
        "  array.rows: {from: 4, to: 400, step: 1}\n"
        "  array.lanes: {from: 4, to: 400, step: 1}\n"
        "  array.weight_bus_bits: auto\n"
        "  clock_mhz: {from: 1, to: 1000, points: 50}\n"
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
    time.sleep(12)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "Pareto front" in out
    [finished] = re.findall(r"(\d+) of 7880450 points are finished and kept\n", err)
    # What is there is whole, and nothing half.
    assert pyarrow.parquet.read_metadata(tmp_path / "out" / "results.parquet").num_rows == int(
        finished
    )
    assert not [
        path for path in (tmp_path / "out").iterdir() if path.name.endswith(".bitnet-hw-tmp")
    ]
