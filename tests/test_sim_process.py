import os
import sys
import time
from pathlib import Path

import pytest

from sim.errors import SimulationTimedOut
from sim.process import last_lines, run_logged


def run(tmp_path, command, **options):
    arguments = {
        "what": "A test",
        "environment": os.environ,
        "directory": tmp_path,
        "log": tmp_path / "log",
        "timeout_s": 20.0,
    }
    return run_logged(command, **(arguments | options))


def has_ended(pid):
    """Whether a process is gone, or will be as soon as its parent has looked."""
    for _ in range(100):
        status = Path(f"/proc/{pid}/stat")
        if not status.is_file() or ") Z " in status.read_text(encoding="utf-8"):
            return True
        time.sleep(0.02)
    return False


def test_status_log_and_directory(tmp_path):
    status = run(tmp_path, ["sh", "-c", "pwd; echo wrong >&2; exit 3"])
    assert status == 3
    assert (tmp_path / "log").read_text(encoding="utf-8") == f"{tmp_path}\nwrong\n"


def test_environment_is_the_given_one(tmp_path):
    run(
        tmp_path,
        [sys.executable, "-c", "import os; print(os.environ['A'])"],
        environment={"A": "b"},
    )
    assert (tmp_path / "log").read_text(encoding="utf-8") == "b\n"


def test_timeout_ends_the_children_too(tmp_path):
    message = rf"^A test took longer than 0\.5 s; log: {tmp_path}/log$"
    with pytest.raises(SimulationTimedOut, match=message):
        run(tmp_path, ["sh", "-c", "sleep 60 & echo $!; wait"], timeout_s=0.5)
    assert has_ended(int((tmp_path / "log").read_text(encoding="utf-8")))


def test_an_interrupt_ends_the_children_too(tmp_path):
    def interrupt():
        if (tmp_path / "log").stat().st_size:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, ["sh", "-c", "sleep 60 & echo $!; wait"], poll=interrupt)
    assert has_ended(int((tmp_path / "log").read_text(encoding="utf-8")))


def test_last_lines(tmp_path):
    log = tmp_path / "log"
    assert last_lines(log) == ""
    log.write_bytes(b"one\n\ntwo\n\xff\n")
    assert last_lines(log, 2) == "two\n\N{REPLACEMENT CHARACTER}"
