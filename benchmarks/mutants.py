"""Mutants of a netlist in one model: a number chooses which of them it is.

Yosys draws the mutations and puts all of them into one design, each behind a comparison of the
input `mutsel` with its number. So a design is compiled once, by Verilator, for all of its mutants.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.errors import SimulationFailed
from bitnet_hw.gates.tools import run_yosys
from rtl.shared import emit_component
from sim.process import last_lines, run_logged
from sim.toolchain import find_toolchain

__all__ = ["PREPARED", "TIMEOUT_S", "Target", "build_mutants", "draw_mutations", "run_mutants"]

PREPARED = "prepared.il"
"""The design of a target, flat, in its folder."""

TIMEOUT_S = 1800.0

_TOP = "top"
_FOLDER = Path(__file__).parent
_SELECT_BITS = 16
_OPTIONS = ("--cc", "--exe", "--prefix", "Vmodel", "-Wno-lint", "-Wno-fatal", "-O3")
# All bits 0 in what has no initial value, as Yosys has it in its proofs.
_START = ("--x-assign", "fast", "--x-initial", "fast")
_MAKE = ("OPT_FAST=-O1", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0")
# A clock that comes half a cycle off is a fault of wiring, not of logic; and where only inputs of
# the module lie before the register, a simulation without delays cannot tell.
_CLOCK_PIN = " -port CLK "
# Optimised module by module, so that every cell keeps the path to its module in its name; what no
# output needs, or a constant decides, is then gone and cannot be mutated in vain. Memories are
# registers and multiplexers: Yosys cannot write a memory one of whose constant pins is mutated.
_PREPARE = f"""\
read_verilog {_TOP}.v
hierarchy -top {_TOP}
proc
opt -noff
memory_collect
memory_map
wreduce
opt -noff
flatten
wreduce
opt_clean -purge
write_rtlil {PREPARED}
"""


@dataclass(frozen=True, eq=False, kw_only=True)
class Target:
    """A hardware module to mutate, with the bench that must notice.

    Attributes
    ----------
    name : str
        Name of the module.
    component : Amaranth component
        The module as `dut`, between ports `inputs` and `outputs` of whole 32-bit words, at least
        three: `inputs` can hold anything, and only what the specification promises is in `outputs`.
    cells : str
        Which cells to mutate, as a pattern of their names.
    bench : str
        C++ file of the bench.
    vectors : array
        uint32: what the bench reads.
    constants : dict
        Numbers that the bench is compiled with.
    small : bool
        A solver can search its states from reset on.
    """

    name: str
    component: Any
    cells: str
    bench: str
    vectors: NDArray[np.uint32]
    constants: dict[str, int]
    small: bool = True


def draw_mutations(target: Target, folder: Path, count: int, seed: int) -> list[str]:
    """Write the design of a target and return at most `count` of its mutations, as commands."""
    verilog = emit_component(target.component, _TOP)
    (folder / f"{_TOP}.v").write_text(verilog, encoding="utf-8")
    # The first line of a list is no mutation.
    draw = f"mutate -list {count + 1} -seed {seed} -none -o list.txt c:{target.cells}\n"
    run_yosys(_PREPARE + draw, folder, what=f"Mutating {target.name}", timeout_s=TIMEOUT_S)
    lines = (folder / "list.txt").read_text(encoding="utf-8").splitlines()
    if lines[0] != "mutate -mode none":
        raise SimulationFailed(f"A list of mutations must begin with none, not with {lines[0]}")
    return [line for line in lines[1:] if _CLOCK_PIN not in line]


def build_mutants(target: Target, folder: Path, mutations: list[str]) -> Path:
    """Compile a target with all of its mutations and its bench, and return the program."""
    marked = [
        mutation.replace("mutate ", f"mutate -ctrl mutsel {_SELECT_BITS} {number} ", 1)
        for number, mutation in enumerate(mutations, start=1)
    ]
    script = [f"read_rtlil {PREPARED}", *marked, "write_verilog -noattr mutants.v", ""]
    run_yosys(
        "\n".join(script), folder, what=f"Joining mutants of {target.name}", timeout_s=TIMEOUT_S
    )
    verilog = (folder / "mutants.v").read_text(encoding="utf-8")
    constants = target.constants | {"CLOCKED": 1} if "input clk;" in verilog else target.constants
    flags = " ".join([
        *(f"-D{name}={value}" for name, value in constants.items()),
        f"-I{_FOLDER}",
        "-O1",
    ])
    target.vectors.tofile(folder / "vectors")
    environment = find_toolchain("verilator", verilog=verilog, top=_TOP, waves=False).environment
    sources = ["mutants.v", str(_FOLDER / target.bench), "--top-module", _TOP]
    options = [*_OPTIONS, *_START, *sources, "-CFLAGS", flags, "-o", "program", "-Mdir", "model"]
    for command in (["verilator", *options], ["make", "-C", "model", "-f", "Vmodel.mk", *_MAKE]):
        _run(command, folder, environment, f"Compiling mutants of {target.name}")
    return folder / "model" / "program"


def run_mutants(program: Path, folder: Path, count: int) -> list[int]:
    """Return the cycle in which the bench found each mutant, -1 for never; 0 is the original."""
    log = _run([str(program), "0", str(count)], folder, {}, "Running mutants")
    found = [int(line) for line in log.read_text(encoding="utf-8").splitlines()]
    if len(found) != count + 1:
        raise SimulationFailed(f"A bench must report {count + 1} mutants, not {len(found)}")
    return found


def _run(command: list[str], folder: Path, environment: dict[str, str], what: str) -> Path:
    log = folder / "tool.log"
    status = run_logged(
        command,
        what=what,
        environment={**os.environ, **environment},
        directory=folder,
        log=log,
        timeout_s=TIMEOUT_S,
    )
    if status:
        raise SimulationFailed(f"{what} failed:\n{last_lines(log, 5)}")
    return log
