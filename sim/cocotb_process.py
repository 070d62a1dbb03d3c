"""Hands a build or a run to a process of its own, with an environment made for it."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.process import run_logged
from sim.toolchain import Toolchain

__all__ = ["run_cocotb"]

# Settings of cocotb and make that a user may have for other work, and pytest's mark by which
# cocotb's runner decides to end the process by itself.
_FOREIGN_PREFIXES = (
    "COCOTB_",
    "GPI_",
    "VERILATOR_",
    "SIM_CMD_",
    "MAKE",
    "MFLAGS",
    "PYTEST_CURRENT",
)
_FOREIGN = {"WAVES", "GUI"}


def run_cocotb(
    request: Mapping[str, Any],
    *,
    what: str,
    directory: Path,
    log: Path,
    toolchain: Toolchain,
    timeout_s: float,
    python_path: Sequence[Path] = (),
    poll: Callable[[], None] | None,
) -> int:
    """Carry out a request in `sim.launch`, and return the exit status.

    Parameters
    ----------
    request : mapping
        What to do: ``action`` and the arguments of that function of `sim.launch`.
    what : str
        The same in words, for a timeout.
    directory : Path
        Working directory.
    log : Path
        Receives the output.
    toolchain : Toolchain
        The simulator.
    timeout_s : float
        Longest time that it may take.
    python_path : sequence of Path
        Additional directories in which the process and the simulator find Python modules.
    poll : callable
        Called several times a second meanwhile.

    Raises
    ------
    SimulationTimedOut
        If it takes longer than `timeout_s`.
    """
    request_file = directory / "request.json"
    request_file.write_text(json.dumps(request), encoding="utf-8")
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in _FOREIGN and not name.startswith(_FOREIGN_PREFIXES)
    }
    environment |= toolchain.environment
    paths = [*map(str, python_path), *(str(Path(path).resolve()) for path in sys.path)]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    return run_logged(
        [sys.executable, "-P", "-m", "sim.launch", str(request_file)],
        what=what,
        environment=environment,
        directory=directory,
        log=log,
        timeout_s=timeout_s,
        poll=poll,
    )
