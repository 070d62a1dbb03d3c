"""Runs a command with its output in a log file, and leaves no process behind."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sim.errors import SimulationTimedOut

__all__ = ["last_lines", "run_logged"]

_POLL_S = 0.02


def run_logged(
    command: Sequence[str],
    *,
    what: str,
    environment: Mapping[str, str],
    directory: Path,
    log: Path,
    timeout_s: float,
    poll: Callable[[], None] | None = None,
) -> int:
    """Run a command to its end and return its exit status.

    The command gets a process group of its own. Compilers and simulators start further processes,
    and ending only the first would leave those running: on a timeout, or when an exception such as
    KeyboardInterrupt passes through, the whole group is killed.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    what : str
        What the command does, to begin the message of a timeout.
    environment : mapping
        All environment variables of the command.
    directory : Path
        Working directory.
    log : Path
        Receives standard output and standard error.
    timeout_s : float
        Longest time that the command may take.
    poll : callable
        Called several times a second while the command runs.

    Raises
    ------
    SimulationTimedOut
        If the command takes longer than `timeout_s`.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(command),
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + timeout_s
            while True:
                try:
                    return process.wait(_POLL_S)
                except subprocess.TimeoutExpired:
                    if time.monotonic() > deadline:
                        raise SimulationTimedOut(
                            f"{what} took longer than {timeout_s:g} s; log: {log}"
                        ) from None
                    if poll is not None:
                        poll()
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def last_lines(log: Path, count: int = 15) -> str:
    """Return the last lines of a log file that are not empty."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])
