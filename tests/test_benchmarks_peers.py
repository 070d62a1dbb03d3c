"""The benchmark of other estimators, without them: questions, errors, ratios, closed forms."""

import json
import shutil
import sys
from dataclasses import replace

import pytest

from benchmarks import peer_findings, peer_list, peer_ours, peer_run, peer_tables, peers
from benchmarks.peer_programs import measured
from benchmarks.systolic_cycles import SYSTOLIC_CYCLES
from bitnet_hw.errors import ConfigError
from bitnet_hw.sweep import load_sweep

FAKE = peer_list.Peer("Fake", ("fake==1",), "fake.py", "one layer", settings={"dataflow": "os"})

# Counted by SCALE-Sim 3.0.0.
COUNTED = [
    ("ws", 32, 1, 3200, 3200, 949_999),
    ("os", 32, 1, 3200, 3200, 326_199),
    ("ws", 16, 1, 3200, 3200, 1_879_999),
    ("ws", 64, 1, 3200, 3200, 477_499),
    ("os", 32, 1, 3200, 8640, 880_739),
    ("ws", 32, 1, 8640, 3200, 2_564_999),
    ("os", 32, 1, 8640, 3200, 870_199),
    ("ws", 32, 1, 640, 640, 37_999),
    ("os", 32, 1, 640, 640, 14_039),
]

ANSWERS = """
from measured import answer
answer(lambda question: {"cycles": question["k"] * question["n"]})
"""

SWEEP = """
base: edge
model: bitnet-b1.58-3b
sweep:
  array.rows: [8, 16]
  array.lanes: [10, 20]
  array.weight_bus_bits: auto
"""


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Return a folder for the programs of tools that run under this interpreter."""
    shutil.copy(measured.__file__, tmp_path / "measured.py")
    monkeypatch.setattr(peer_run, "PROGRAMS", tmp_path)
    monkeypatch.setattr(peers, "install", lambda *_: sys.executable)
    return tmp_path


@pytest.fixture
def sweep(tmp_path):
    path = tmp_path / "sweep.yaml"
    path.write_text(SWEEP)
    return load_sweep(path)


def asked(quick=True, limit_s=60.0):
    return list(peers.theirs(FAKE, None, {}, quick=quick, limit_s=limit_s))


@pytest.mark.parametrize(("dataflow", "size", "m", "k", "n", "cycles"), COUNTED)
def test_systolic_cycles(dataflow, size, m, k, n, cycles):
    assert SYSTOLIC_CYCLES[dataflow](size, size, m, k, n) == cycles


def test_questions():
    assert [question.name for question in peer_list.layers(quick=True)] == ["640x640"]
    names = [question.name for question in peer_list.layers(quick=False)]
    assert names == ["640x640", "3200x3200", "3200x8640", "8640x3200"]
    [question] = FAKE.questions(quick=True)
    assert question.asked == {"m": 1, "k": 640, "n": 640, "dataflow": "os"}
    assert question.warm_up == {"m": 1, "k": 64, "n": 64, "dataflow": "os"}
    [question] = peer_list.PEERS["genz"].questions(quick=False)
    assert (question.name, question.asked["layers"], question.asked["ffn"]) == (
        "whole model",
        26,
        8640,
    )
    assert peer_list.PEERS["zigzag"].environment == "zigzag-dse-3.9.1"


def test_an_answer(programs):
    (programs / "fake.py").write_text(ANSWERS)
    [row] = asked()
    assert (row.tool, row.question, row.error) == ("Fake", "640x640", None)
    assert (row.runs, row.result) == (3, {"cycles": 640 * 640})
    assert row.processor_s >= 0
    assert row.start_up_s > 0
    assert row.peak_rss_bytes is None or row.peak_rss_bytes > 1 << 20


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("raise TypeError('only 0-dimensional arrays')", "TypeError: only 0-dimensional arrays"),
        ("import sys; sys.exit(7)", "exit status 7"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by SIGKILL"),
        ("print('nothing to say')", "ended without an answer"),
    ],
)
def test_a_tool_that_fails_is_a_row(programs, program, error):
    (programs / "fake.py").write_text(program)
    rows = asked(quick=False)
    assert [row.error for row in rows] == [error] * 4
    assert rows[0].processor_s is None


def test_a_tool_that_takes_too_long(programs):
    (programs / "fake.py").write_text("import time; time.sleep(60)")
    rows = asked(quick=False, limit_s=2.0)
    assert [row.error for row in rows] == ["no result within 2 s"] + ["not run: 2 s are over"] * 3


def test_a_missing_python(tmp_path):
    # As version managers do it: the name is there, and fails.
    program = tmp_path / "python4.7"
    program.write_text("#!/bin/sh\nexit 127\n")
    program.chmod(0o755)
    peer = replace(FAKE, python=(4, 7))
    for given in (program, tmp_path / "missing"):
        [row] = peers.theirs(peer, tmp_path, {(4, 7): str(given)}, quick=True, limit_s=60.0)
        assert row.error == f"not run: needs Python 4.7, and '{given}' is none"


def test_installing(tmp_path, monkeypatch):
    commands = []

    def run(command, *_):
        commands.append(command)
        (tmp_path / "fake-1").mkdir(exist_ok=True)

    monkeypatch.setattr(peer_run, "_run", run)
    python = peer_run.install(FAKE, tmp_path, {})
    environment, packages = commands
    assert environment == [sys.executable, "-m", "venv", str(tmp_path / "fake-1")]
    assert (packages[0], packages[-1]) == (str(python), "fake==1")
    peer_run.install(FAKE, tmp_path, {})
    assert len(commands) == 2


def test_a_failed_installation_is_a_row(tmp_path, monkeypatch):
    def fail(*_):
        raise peer_run.PeerFailed("ERROR: No matching distribution found for fake==1")

    monkeypatch.setattr(peer_run, "_run", fail)
    # What is there is of another version.
    (tmp_path / "fake-1").mkdir()
    (tmp_path / "fake-1" / "requirements.txt").write_text("fake==0\n")
    [row] = peers.theirs(FAKE, tmp_path, {}, quick=True, limit_s=60.0)
    assert row.error == "not run: ERROR: No matching distribution found for fake==1"


def test_the_reason_is_pips_error(tmp_path):
    log = tmp_path / "log"
    log.write_text("WARNING: a\nERROR: No matching distribution\nnotice: new pip\n")
    assert peer_run._reason(log) == "ERROR: No matching distribution"
    log.write_text("")
    assert peer_run._reason(log) == ""


def test_the_fastest_of_three(monkeypatch):
    clock = iter([0, 10, 14, 16, 22, 30])
    monkeypatch.setattr(measured.time, "process_time", lambda: next(clock) / 3)
    timing = measured.fastest(lambda: "result")
    assert (timing.runs, timing.result) == (3, "result")
    assert timing.processor_s == pytest.approx(2 / 3)


def test_long_work_runs_once(monkeypatch):
    times = iter([0.0, 0.0, 0.0])
    monkeypatch.setattr(measured.time, "perf_counter", lambda: next(times, 11.0))
    assert measured.fastest(lambda: None).runs == 1


def test_ours(sweep):
    [question] = peer_list.layers(quick=True)
    alone = peer_ours.layer_alone(question)
    # 20 x 20 tiles of 32x32 weights, at 205 bytes each and 64 GB/s: 3.2 cycles a tile, and a start.
    assert 400 * 3.2 < alone.result["cycles"] < 400 * 3.2 * 1.15
    assert alone.processor_s > 0
    assert peer_ours.layer_in_sweep(question, sweep).result == {"designs": 4}
    whole = peer_ours.model_in_sweep(sweep, 1)
    assert whole.result == {"designs": 4}


ROWS = [
    peer_findings.Evaluation(
        "ours, swept", "640x640", processor_s=1e-6, result={"designs": 262144}
    ),
    peer_findings.Evaluation(
        "ours, swept", "whole model", processor_s=4e-6, result={"designs": 1228800}
    ),
    peer_findings.Evaluation(
        "SCALE-Sim, OS",
        "640x640",
        processor_s=2.0,
        peak_rss_bytes=1 << 30,
        result={"cycles": 14039},
    ),
    peer_findings.Evaluation("SCALE-Sim, WS", "640x640", error="no result within 240 s"),
    peer_findings.Evaluation("GenZ", "whole model", processor_s=0.036, result={"seconds": 0.124}),
]


def test_ratios():
    assert list(peer_findings.ratios(ROWS)) == [
        {
            "tool": "SCALE-Sim, OS",
            "question": "640x640",
            "same_layer": pytest.approx(2e6),
            "whole_model": pytest.approx(5e5),
        },
        {
            "tool": "GenZ",
            "question": "whole model",
            "same_layer": None,
            "whole_model": pytest.approx(9000),
        },
    ]


def test_closed_forms():
    [check] = peer_findings.closed_forms(ROWS)
    assert (check["cycles"], check["closed_form"], check["equal"]) == (14039, 14039, True)
    wrong = replace(ROWS[2], result={"cycles": 14040})
    [check] = peer_findings.closed_forms([wrong])
    assert 0 <= check.pop("closed_form_s") < 1e-3
    assert list(peer_tables.cycle_lines([{**check, "closed_form_s": 0.25e-6}])) == [
        "SCALE-Sim, OS, 640x640: 14,040 cycles, by the closed form 14,039: DIFFERENT (0.25 us)"
    ]


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({"cycles": 1280543, "energy_j": 900e-6}, "1,280,543 cycles, 900.0 uJ"),
        ({"seconds": 400.25e-6, "energy_j": 660e-6}, "0.400 ms, 660.0 uJ"),
        ({"designs": 1228800}, "1,228,800 designs"),
    ],
)
def test_results_in_short(result, text):
    assert peer_tables.says(result) == text


@pytest.fixture
def measured_rows(monkeypatch):
    monkeypatch.setattr(peers, "ours", lambda **_: ROWS[:2])
    monkeypatch.setattr(
        peers, "theirs", lambda peer, *_, **__: [row for row in ROWS[2:] if row.tool == peer.title]
    )


def test_table(measured_rows, capsys):
    peers.main(peer=["scalesim-os", "scalesim-ws", "genz"])
    text = " ".join(capsys.readouterr().out.split())
    for part in ("4 us", "250,000", "36 ms", "no result within", "2,000,000", "9,000", ": equal ("):
        assert part in text
    assert "(scalesim==3.0.0, numpy<2)" in text


def test_json_and_csv(measured_rows, capsys):
    peers.main(peer=["scalesim-ws", "scalesim-os"], output_format=peers.Format.JSON)
    found = json.loads(capsys.readouterr().out)
    assert found["packages"]["SCALE-Sim, WS"] == ["scalesim==3.0.0", "numpy<2"]
    assert [row["error"] for row in found["evaluations"]] == [
        None,
        None,
        "no result within 240 s",
        None,
    ]
    assert found["closed_forms"][0]["equal"] is True
    assert found["ratios"][0]["whole_model"] == pytest.approx(5e5)
    peers.main(peer=["genz"], output_format=peers.Format.CSV)
    assert capsys.readouterr().out.splitlines()[-1].startswith("GenZ,whole model,,")


def test_wrong_peer():
    with pytest.raises(ConfigError, match=r"^--peer must be one of scalesim-os, .* not timeloop$"):
        peers.main(peer=["timeloop"])
