import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from sim import process
from sim.errors import SimulationTimedOut
from sim.process import failure, last_lines, run_logged


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


def test_being_killed_ends_the_children_too(tmp_path):
    log = tmp_path / "log"
    code = (
        "import os; from pathlib import Path; from sim.process import run_logged\n"
        "run_logged(['sh', '-c', 'sleep 60 & echo $!; wait'], what='A test', "
        "environment=os.environ, directory=Path('.'), log=Path('log'), timeout_s=60)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, env=environment
    ) as parent:
        while not (log.is_file() and log.read_text("utf-8").endswith("\n")):
            time.sleep(0.02)
        parent.send_signal(signal.SIGKILL)
    assert has_ended(int(log.read_text("utf-8")))


def test_what_a_command_leaves_running_is_ended_with_it(tmp_path):
    assert run(tmp_path, ["sh", "-c", "sleep 60 & echo $!"]) == 0
    assert has_ended(int((tmp_path / "log").read_text("utf-8")))


def test_a_command_that_does_not_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        run(tmp_path, ["no-such-program"])


def test_failure_says_why(tmp_path, monkeypatch):
    log = tmp_path / "log"
    assert failure("Mapping", 1, log) == "Mapping failed"
    log.write_text("one\ntwo\n")
    assert failure("Mapping", 1, log, 1) == "Mapping failed:\ntwo"
    status = run(tmp_path, ["sh", "-c", "kill -SEGV $$"])
    assert failure("Mapping", status, log) == (
        "Mapping was ended by signal 11 (Segmentation fault)"
    )
    monkeypatch.setattr(process.shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))
    assert failure("Mapping", 1, log) == (
        f"Mapping failed, with no space left on the disk of {tmp_path}"
    )


def test_last_lines(tmp_path):
    log = tmp_path / "log"
    assert last_lines(log) == ""
    log.write_bytes(b"one\n\ntwo\n\xff\n")
    assert last_lines(log, 2) == "two\n\N{REPLACEMENT CHARACTER}"
