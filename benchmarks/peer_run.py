"""Installs an estimator into an environment of its own, and asks it one question in a process."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.peer_list import Peer, Question
from sim.errors import SimulationTimedOut
from sim.process import last_lines, run_logged

__all__ = ["PeerFailed", "ask", "install"]

PROGRAMS = Path(__file__).resolve().parent / "peer_programs"
INSTALL_LIMIT_S = 1200.0

# One processor core each, for every tool.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


class PeerFailed(Exception):
    """An estimator could not be installed, or gave no answer; the message says why."""


def install(peer: Peer, folder: Path, interpreters: Mapping[tuple[int, ...], str]) -> Path:
    """Return the interpreter of a peer's environment, which is made if it is not there.

    Parameters
    ----------
    peer : Peer
        What is installed.
    folder : Path
        Holds the environments.
    interpreters : mapping
        Programs of other versions of Python than this one.

    Raises
    ------
    PeerFailed
        If there is no fitting Python, or the installation fails.
    """
    base = _interpreter(peer.python, interpreters)
    environment = (folder / peer.environment).resolve()
    python = environment / "bin" / "python"
    # Written last: an installation that was interrupted is not taken for a whole one.
    stamp = environment / "requirements.txt"
    wanted = "".join(f"{requirement}\n" for requirement in peer.requirements)
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(environment, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([base, "-m", "venv", str(environment)], folder, INSTALL_LIMIT_S)
    _run([*pip, *peer.requirements], folder, INSTALL_LIMIT_S)
    stamp.write_text(wanted)
    return python


def ask(peer: Peer, question: Question, python: Path, limit_s: float) -> dict[str, Any]:
    """Return the times, the memory and the result of a peer for one question.

    Raises
    ------
    PeerFailed
        If there is no answer within `limit_s`.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asked, answer = folder / "question.json", folder / "answer.json"
        asked.write_text(json.dumps({"asked": question.asked, "warm_up": question.warm_up}))
        start = time.perf_counter()
        # Isolated from PYTHONPATH and the user's packages.
        command = [str(python), "-E", "-s", str(PROGRAMS / peer.program)]
        _run([*command, str(asked), str(answer)], folder, limit_s)
        process_s = time.perf_counter() - start
        if not answer.is_file():
            raise PeerFailed("ended without an answer")
        return {"process_s": process_s, **json.loads(answer.read_text())}


def _interpreter(version: tuple[int, ...], interpreters: Mapping[tuple[int, ...], str]) -> str:
    """Return a program that is a Python of a version."""
    if not version or sys.version_info[: len(version)] == version:
        return sys.executable
    text = ".".join(map(str, version))
    program = interpreters.get(version, f"python{text}")
    # A name on the path is not enough: version managers put scripts there that only complain.
    test = f"import sys; sys.exit(sys.version_info[:{len(version)}] != {version})"
    try:
        found = subprocess.run([program, "-c", test], capture_output=True, check=False)
    except OSError:
        found = None
    if found is None or found.returncode:
        raise PeerFailed(f"needs Python {text}, and {program!r} is none")
    return program


def _run(command: list[str], folder: Path, limit_s: float) -> None:
    """Run a command to its end; its output matters only if it fails."""
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "log"
        try:
            status = run_logged(
                command,
                what=Path(command[0]).name,
                environment={**os.environ, **ONE_THREAD},
                directory=folder,
                log=log,
                timeout_s=limit_s,
            )
        except SimulationTimedOut:
            raise PeerFailed(f"no result within {limit_s:,.0f} s") from None
        if status < 0:
            raise PeerFailed(f"ended by {signal.Signals(-status).name}")
        if status:
            raise PeerFailed(_reason(log) or f"exit status {status}")


def _reason(log: Path) -> str:
    """Return the last line that says what went wrong."""
    lines = [line.strip() for line in last_lines(log, 200).splitlines()]
    errors = [line for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or [""])[-1]
