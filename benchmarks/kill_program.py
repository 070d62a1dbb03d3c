"""The tool as it is now, in a folder of its own: the sources may change while a campaign runs."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.kill_process import Command
from bitnet_hw.errors import BitnetHwError

__all__ = ["Program"]

_ROOT = Path(__file__).resolve().parents[1]
_PACKAGES = ("bitnet_hw", "golden", "rtl", "sim", "configs")
_LIMIT_S = 900.0
_ORPHANS_S = 10.0


class Program:
    """Starts commands of ``bitnet-hw``.

    Parameters
    ----------
    folder : Path
        Gets a copy of the packages, and is where commands work.
    source : Path
        The checkout that is copied.

    Attributes
    ----------
    folder : Path
        The same.
    inputs : Path
        A folder in it for what commands read, ``{in}`` in their arguments.
    """

    def __init__(self, folder: Path, source: Path = _ROOT) -> None:
        self.folder = folder
        self.inputs = folder / "in"
        for package in _PACKAGES:
            shutil.copytree(source / package, folder / "program" / package)
        # Yosys from PyPI compiles itself for a minute into a cache of its own: that stays warm.
        user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        self._environment = {
            "YOWASP_CACHE_DIR": str(user / "YoWASP"),
            **os.environ,
            "PYTHONPATH": str(folder / "program"),
        }

    def new_folder(self, name: str) -> Path:
        """Return an empty folder; what was there under this name is gone."""
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        return path

    def start(
        self, arguments: Sequence[str], out: Path, cache: Path, *, log: str = "log"
    ) -> Command:
        """Start a command, with ``{out}`` for the folder of its results."""
        given = [item.replace("{in}", str(self.inputs)) for item in arguments]
        given = [item.replace("{out}", str(out)) for item in given]
        return Command(
            [sys.executable, "-m", "bitnet_hw", *given],
            self.folder,
            {**self._environment, "XDG_CACHE_HOME": str(cache)},
            self.folder / log,
        )

    def outcome(self, command: Command) -> tuple[int, str]:
        """Wait for the end and return the exit status and the last error.

        Raises
        ------
        BitnetHwError
            If a process is left.
        """
        with command:
            status = command.wait(_LIMIT_S)
            if left := command.orphans_after(_ORPHANS_S):
                raise BitnetHwError(f"There must be no processes left, not {left}")
            errors = command.output()[1]
        start = max(errors.rfind("\nerror: ") + 1, 0)
        return status, errors[start:].strip().replace("\n", " / ")

    def finish(self, command: Command) -> float:
        """Wait for the end and return the seconds.

        Raises
        ------
        BitnetHwError
            If the command fails, or a process is left.
        """
        status, message = self.outcome(command)
        if status:
            raise BitnetHwError(f"A command must succeed, not end with {status}: {message}")
        return command.seconds
