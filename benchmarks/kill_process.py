"""Starts a command in a process group of its own, kills it, and finds who is left of it."""

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

__all__ = ["Command"]

_MARK = "BITNET_HW_KILL_ROUND"


class Command:
    """A command that runs, together with all processes that come of it.

    Processes are known by a variable in their environment, whatever group they are in and whether
    or not their parent lives.

    Parameters
    ----------
    arguments : sequence of str
        Program and arguments.
    directory : Path
        Working directory.
    environment : mapping
        All environment variables.
    log : Path
        Receives standard error; standard output goes to the same path with the suffix ``.out``.

    Attributes
    ----------
    seconds : float
        How long it ran, once it has been waited for.
    """

    def __init__(
        self, arguments: Sequence[str], directory: Path, environment: Mapping[str, str], log: Path
    ) -> None:
        self._mark = uuid.uuid4().hex
        self._log = log
        self.seconds = 0.0
        self._started = time.monotonic()
        with log.open("wb") as errors, log.with_suffix(".out").open("wb") as output:
            self._process = subprocess.Popen(
                list(arguments),
                cwd=directory,
                env={**environment, _MARK: self._mark},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Kill what is left, and wait for it."""
        while left := self.processes():
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.02)
        self._process.wait()

    def wait(self, timeout_s: float) -> int:
        """Return the exit status; raises subprocess.TimeoutExpired."""
        status = self._process.wait(timeout_s)
        self.seconds = time.monotonic() - self._started
        return status

    def kill_at(self, seconds: float, *, group: bool) -> bool:
        """Send SIGKILL some time after the start; False if the command has ended by itself before.

        Parameters
        ----------
        seconds : float
            After the start.
        group : bool
            Kill its whole process group instead of the first process alone.
        """
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, self._started + seconds - time.monotonic()))
            return False
        # Not waited for yet, so that the number still is that of this process.
        (os.killpg if group else os.kill)(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return True

    def processes(self) -> list[int]:
        """Return the processes that live."""
        wanted = f"{_MARK}={self._mark}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            # Processes end, and some belong to others. That of a zombie is empty.
            with suppress(OSError):
                if wanted in (path / "environ").read_bytes().split(b"\0"):
                    found.append(int(path.name))
        return found

    def orphans_after(self, seconds: float) -> list[int]:
        """Return the processes that still live some time from now; at once if there are none."""
        deadline = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return left

    def output(self) -> tuple[str, str]:
        """Return standard output and standard error."""
        paths = (self._log.with_suffix(".out"), self._log)
        return (
            paths[0].read_text("utf-8", errors="replace"),
            paths[1].read_text("utf-8", errors="replace"),
        )
