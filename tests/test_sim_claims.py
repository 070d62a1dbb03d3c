"""Living processes keep what they claim, dead ones do not."""

import os
import signal
import subprocess
import sys

import pytest

from sim.claims import claim, remove_abandoned

HOLD = """\
import sys, time
from pathlib import Path
from sim.claims import claim
descriptor = claim(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def made(tmp_path):
    path = tmp_path / "file"
    path.touch()
    return path


def test_what_nobody_claims_is_removed(made):
    remove_abandoned([made, made.with_name("none")], os.unlink)
    assert not made.exists()


def test_what_is_claimed_stays(made):
    descriptor = claim(made)
    assert descriptor is not None
    remove_abandoned([made], os.unlink)
    assert made.exists()
    os.close(descriptor)
    remove_abandoned([made], os.unlink)
    assert not made.exists()


def test_a_claim_ends_with_its_process(made):
    command = [sys.executable, "-c", HOLD, str(made)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        remove_abandoned([made], os.unlink)
        assert made.exists()
        process.send_signal(signal.SIGKILL)
        process.wait()
        remove_abandoned([made], os.unlink)
        assert not made.exists()


def test_what_was_taken_for_abandoned_cannot_be_claimed(made, monkeypatch):
    assert claim(made.with_name("none")) is None

    def removed_meanwhile(descriptor, operation):
        made.unlink()
        made.touch()

    monkeypatch.setattr("sim.claims.fcntl.flock", removed_meanwhile)
    assert claim(made) is None


def test_a_disk_without_locks_loses_nothing(made, monkeypatch):
    def refuse(descriptor, operation):
        raise OSError("no locks")

    monkeypatch.setattr("sim.claims.fcntl.flock", refuse)
    descriptor = claim(made)
    assert descriptor is not None
    remove_abandoned([made], os.unlink)
    assert made.exists()
    os.close(descriptor)
