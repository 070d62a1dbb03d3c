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


def test_the_command_line_starts_without_the_flow():
    code = "import sys, bitnet_hw.cli; print([m for m in sys.modules if 'bitnet_hw.gates' in m])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"
