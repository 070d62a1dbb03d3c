"""Compiles a design for a simulator, once: builds are found again by their content."""

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sim.cocotb_process import run_cocotb
from sim.errors import SimulatorBuildFailed
from sim.process import failure
from sim.scratch import scratch_folder
from sim.toolchain import Toolchain, find_toolchain

__all__ = ["Build", "build"]


@dataclass(frozen=True, kw_only=True)
class Build:
    """A design compiled for a simulator.

    Attributes
    ----------
    directory : Path
        Where it lies; shared by all who build the same.
    top : str
        Name of the top module.
    toolchain : Toolchain
        The simulator.
    waves : bool
        Whether runs can write waveforms.
    """

    directory: Path
    top: str
    toolchain: Toolchain
    waves: bool


def build(
    verilog: str,
    *,
    top: str,
    simulator: str,
    root: Path,
    waves: bool = False,
    timeout_s: float = 1800.0,
    poll: Callable[[], None] | None = None,
) -> Build:
    """Build a design for a simulator, or find it built.

    Builds are kept in `root` under a digest of everything that shapes them. A build happens in a
    temporary directory and is renamed when complete, so that several processes can share `root`.

    Parameters
    ----------
    verilog : str
        Verilog text.
    top : str
        Name of the top module.
    simulator : str
        ``"verilator"`` or ``"icarus"``.
    root : Path
        Directory of all builds; made if it does not exist.
    waves : bool
        Whether runs shall write waveforms, which makes them slower.
    timeout_s : float
        Longest time that the build may take.
    poll : callable
        Called several times a second during the build.

    Raises
    ------
    SimulatorMissing
        If the simulator or a program that it needs is not installed.
    SimulatorBuildFailed
        If the build fails.
    SimulationTimedOut
        If the build takes longer than `timeout_s`.
    """
    toolchain = find_toolchain(simulator, verilog=verilog, top=top, waves=waves)
    root.mkdir(parents=True, exist_ok=True)
    root = root.resolve()
    shape = [toolchain.version, toolchain.build_args, toolchain.environment.get("MAKEFLAGS"), waves]
    library = root / f"library-{_digest(shape)}"
    content = [shape, toolchain.sources, sys.prefix, top, verilog]
    design = Build(
        directory=root / f"{simulator}-{_digest(content)}",
        top=top,
        toolchain=toolchain,
        waves=waves,
    )
    if not design.directory.is_dir():
        with scratch_folder(root) as work:
            _take_library(library, work, later_s=2 * timeout_s)
            _compile(work, design, verilog, timeout_s=timeout_s, poll=poll)
            _keep_library(library, work, toolchain.library)
            for pattern in toolchain.scratch:
                for item in work.glob(pattern):
                    item.unlink()
            _publish(work, design.directory)
    return design


def _compile(
    work: Path,
    design: Build,
    verilog: str,
    *,
    timeout_s: float,
    poll: Callable[[], None] | None,
) -> None:
    """Build a design in the directory `work`."""
    sources = {**design.toolchain.sources, "design.v": verilog}
    for name, text in sources.items():
        (work / name).write_text(text, encoding="utf-8")
    what = f"Building {design.top} for {design.toolchain.simulator}"
    log = work / "build.log"
    status = run_cocotb(
        {
            "action": "build",
            "simulator": design.toolchain.simulator,
            "sources": [str(work / name) for name in sources],
            "top": design.top,
            "directory": str(work),
            "build_args": design.toolchain.build_args,
            "waves": design.waves,
        },
        what=what,
        directory=work,
        log=log,
        toolchain=design.toolchain,
        timeout_s=timeout_s,
        poll=poll,
    )
    if status:
        raise SimulatorBuildFailed(failure(what, status, log))


def _take_library(library: Path, work: Path, *, later_s: float) -> None:
    """Copy the object files that are the same in all builds, if an earlier build has made them.

    Most of the time of a small Verilator build goes into them. They are taken as made if they are
    newer than the makefile, which is yet to be written: so they get a time in the future.
    """
    if library.is_dir():
        later = time.time() + later_s
        for item in library.iterdir():
            shutil.copyfile(item, work / item.name)
            os.utime(work / item.name, (later, later))


def _keep_library(library: Path, work: Path, pattern: str) -> None:
    """Copy the object files that are the same in all builds to where later builds find them."""
    if pattern and not library.is_dir():
        with scratch_folder(library.parent) as copies:
            for item in work.glob(pattern):
                shutil.copyfile(item, copies / item.name)
            _publish(copies, library)


def _publish(work: Path, directory: Path) -> None:
    """Give a complete directory its final name, unless another process was faster."""
    try:
        work.rename(directory)
    except OSError:
        if not directory.is_dir():
            raise


def _digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]
