"""Runs a command with its output in a log file, and leaves no process behind."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sim.errors import SimulationTimedOut

__all__ = ["failure", "full_disk", "last_lines", "run_logged"]

_POLL_S = 0.02
# With less space than this, a failure is laid to the disk.
_LITTLE_SPACE = 1 << 20
# Its standard input ends when the process at the other end does, in whatever way.
_WATCH = ["sh", "-c", "read -r _; kill -KILL 0"]


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
    KeyboardInterrupt passes through, the whole group is killed. When this process is killed itself,
    a shell that waits for that kills the group.

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
        watcher = subprocess.Popen(
            _WATCH,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        try:
            process = subprocess.Popen(
                list(command),
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=watcher.pid,
            )
            try:
                return _wait(process, timeout_s, poll, f"{what} took longer than", log)
            finally:
                os.killpg(watcher.pid, signal.SIGKILL)
                process.wait()
        finally:
            # Not `communicate`: whether the pipe is still open does not matter.
            watcher.kill()
            watcher.wait()
            assert watcher.stdin is not None
            watcher.stdin.close()


def _wait(
    process: "subprocess.Popen[bytes]",
    timeout_s: float,
    poll: Callable[[], None] | None,
    too_long: str,
    log: Path,
) -> int:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return process.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                raise SimulationTimedOut(f"{too_long} {timeout_s:g} s; log: {log}") from None
            if poll is not None:
                poll()


def last_lines(log: Path, count: int = 15) -> str:
    """Return the last lines of a log file that are not empty."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])


def failure(what: str, status: int, log: Path, count: int = 15) -> str:
    """Say that a command failed and why: by a signal, for want of disk space, or by its last words.

    Parameters
    ----------
    what : str
        What the command did, to begin the message.
    status : int
        As `run_logged` returned it.
    log : Path
        Its output.
    count : int
        Lines of it at most.
    """
    how = "failed"
    if status < 0:
        how = f"was ended by signal {-status} ({signal.strsignal(-status)})"
    lines = last_lines(log, count)
    return f"{what} {how}{full_disk(log.parent)}" + (f":\n{lines}" if lines else "")


def full_disk(folder: Path) -> str:
    """Return that a folder's disk is full, to be put behind what failed; empty if it is not."""
    free = shutil.disk_usage(folder).free
    return f", with no space left on the disk of {folder}" if free < _LITTLE_SPACE else ""
