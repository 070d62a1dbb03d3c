import stat
import subprocess
import sys

import pytest

from bitnet_hw.errors import BuildFailed, ToolMissing
from bitnet_hw.gates import tools


def test_a_failing_yosys_is_one_error(monkeypatch, tmp_path):
    monkeypatch.setattr(tools, "_START_YOSYS", "import sys; print('ERROR: no'); sys.exit(1)")

    with pytest.raises(BuildFailed, match=r"Mapping failed:\nERROR: no"):
        tools.run_yosys("", tmp_path, what="Mapping", timeout_s=60)


def test_an_endless_yosys_is_ended(monkeypatch, tmp_path):
    monkeypatch.setattr(tools, "_START_YOSYS", "import time; time.sleep(60)")

    with pytest.raises(BuildFailed, match=r"Mapping took longer than 0\.2 s"):
        tools.run_yosys("", tmp_path, what="Mapping", timeout_s=0.2)


def test_a_missing_yosys_comes_with_its_command(monkeypatch):
    monkeypatch.setattr(tools, "_YOSYS", "no_such_package")

    with pytest.raises(ToolMissing, match=r"pip install 'bitnet-hw\[gates\]'"):
        tools.yosys_version()


def test_opensta_may_be_missing(monkeypatch):
    monkeypatch.setattr(tools, "_OPENSTA", "no-such-program")
    tools.opensta_version.cache_clear()
    try:
        assert tools.opensta_version() == ""
    finally:
        tools.opensta_version.cache_clear()


@pytest.fixture
def opensta(monkeypatch, tmp_path):
    """Put a shell script in the place of OpenSTA."""

    def install(script):
        path = tmp_path / "sta"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(tools, "_OPENSTA", str(path))

    tools.opensta_version.cache_clear()
    yield install
    tools.opensta_version.cache_clear()


def test_an_opensta_that_does_not_say_its_version(opensta, monkeypatch):
    opensta("exec sleep 60")
    monkeypatch.setattr(tools, "_VERSION_TIMEOUT_S", 0.2)
    with pytest.raises(BuildFailed, match=r"^OpenSTA must say its version within 0\.2 s$"):
        tools.opensta_version()


def test_an_opensta_that_says_nonsense(opensta):
    opensta(r"printf '\377 2.0'")
    assert tools.opensta_version() == "OpenSTA \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("kill -SEGV $$", r"^Timing was ended by signal 11 \(Segmentation fault\)$"),
        ("sleep 60 & sleep 60", r"^Timing took longer than 0\.5 s$"),
        ("echo Error: no; exit 0", r"^Timing failed: Error: no$"),
        ("echo no; exit 7", r"^Timing failed:\nno$"),
    ],
)
def test_an_opensta_that_fails_is_one_error(opensta, tmp_path, script, message):
    opensta(script)
    with pytest.raises(BuildFailed, match=message):
        tools.run_opensta("", tmp_path, what="Timing", timeout_s=0.5)


def test_the_command_line_starts_without_the_flow():
    code = "import sys, bitnet_hw.cli; print([m for m in sys.modules if 'bitnet_hw.gates' in m])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"
