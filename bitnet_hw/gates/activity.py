"""Counts how often every net of a netlist toggles, in Verilator.

The cells are the functional models that Yosys makes of the Liberty file. They have no delay: a net
toggles at most once a cycle, and glitches, toggles that a cycle takes back, are not counted.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.errors import SimulationFailed
from bitnet_hw.gates.cells import ClockGate
from bitnet_hw.gates.library import Library
from bitnet_hw.gates.netlist import Netlist
from bitnet_hw.gates.stimulus import Stimulus
from bitnet_hw.gates.tools import gates_folder, run_yosys, yosys_version
from sim.scratch import scratch_folder

__all__ = ["Activity", "build_simulator", "measure_activity"]

_TOP = "netlist"
_MAIN = Path(__file__).with_name("activity.cpp")
_TIMEOUT_S = 1800.0
_DIGEST_CHARACTERS = 24
_OPTIONS = ("--cc", "--exe", "--prefix", "Vmodel", "-Wno-lint", "-Wno-fatal", "-O3")
# Zero at the start, as after a reset: a netlist has no initial values.
_START = ("--x-assign", "fast", "--x-initial", "fast")
_MAKE = {"OPT_FAST": "-O0", "OPT_SLOW": "-O0", "OPT_GLOBAL": "-O0"}


@dataclass(frozen=True, eq=False)
class Activity:
    """What every net does; the arrays are in the order of `Netlist.nets`.

    Attributes
    ----------
    toggles : array
        Toggles of each net for each cycle.
    ones : array
        Share of cycles at whose end each net is 1.
    cycles : int
        Cycles that were counted.
    """

    toggles: NDArray[np.float64]
    ones: NDArray[np.float64]
    cycles: int


def build_simulator(netlist: Netlist, library: Library, root: Path | None = None) -> Path:
    """Return the simulator of a netlist; build it if it is not there yet.

    Raises
    ------
    ToolMissing
        If Verilator or Yosys is not installed.
    BuildFailed, SimulationFailed
        If one of them fails.
    """
    from bitnet_hw.simulation import simulation_errors

    with simulation_errors():
        from sim.toolchain import find_toolchain

        verilog = netlist.verilog_for_activity(_TOP)
        toolchain = find_toolchain("verilator", verilog=verilog, top=_TOP, waves=False)
    main = _MAIN.read_text(encoding="utf-8")
    shape = _shape(netlist)
    versions = [toolchain.version, yosys_version(), library.digest]
    known = [verilog, main, *shape.split("\n"), *versions, *_OPTIONS, *_START, str(_MAKE)]
    digest = hashlib.sha256("\0".join(known).encode()).hexdigest()[:_DIGEST_CHARACTERS]
    root = gates_folder() if root is None else root
    program = root / f"activity-{digest}"
    if not program.is_file():
        with scratch_folder(root) as work:
            _write_cells(netlist, library, work)
            for file, text in {"netlist.v": verilog, "main.cpp": main, "shape.h": shape}.items():
                (work / file).write_text(text, encoding="utf-8")
            sources = ["netlist.v", "cells.v", "main.cpp", "--top-module", _TOP]
            variables = [f"{key}={value}" for key, value in _MAKE.items()]
            environment = toolchain.environment
            options = [*_OPTIONS, *_START, *sources, "-CFLAGS", "-I..", "-o", "program"]
            _run(["verilator", *options, "-Mdir", "model"], work, environment)
            _run(["make", "-C", "model", "-f", "Vmodel.mk", *variables], work, environment)
            (work / "model" / "program").replace(program)
    return program


def measure_activity(netlist: Netlist, stimulus: Stimulus, simulator: Path) -> Activity:
    """Run a netlist through a stimulus and count.

    Raises
    ------
    SimulationFailed
        If the simulator fails, or an output is not what it must be.
    """
    runs, cycles = next(iter(stimulus.inputs.values())).shape[:2]
    # The reset, which no stimulus drives, stays 0.
    inputs = np.concatenate(
        [_port(stimulus, name, len(bits), runs, cycles) for name, bits in netlist.inputs.items()],
        axis=2,
    )
    with scratch_folder(simulator.parent) as work:
        _words(inputs).tofile(work / "inputs")
        arguments = [str(number) for number in (runs, cycles, stimulus.skipped)]
        _run([str(simulator), *arguments], work, {})
        words = (runs * cycles * netlist.output_words, 2 * 32 * netlist.net_words)
        written = [_numbers(work / "outputs", np.uint32), _numbers(work / "counts", np.uint64)]
        if tuple(map(len, written)) != words:
            raise SimulationFailed(
                f"The simulator of the netlist must write {words[0]} outputs and {words[1]} "
                f"counts, not {len(written[0])} and {len(written[1])}"
            )
    outputs = written[0].reshape(runs, cycles, -1)
    counts = written[1].reshape(2, -1)[:, : len(netlist.nets)]
    _check(netlist, stimulus, outputs)
    counted = runs * (cycles - stimulus.skipped)
    return Activity(counts[0] / counted, counts[1] / counted, counted)


def _check(netlist: Netlist, stimulus: Stimulus, outputs: NDArray[np.uint32]) -> None:
    if missing := stimulus.expected.keys() - netlist.outputs.keys():
        raise SimulationFailed(f"The netlist must have the outputs {', '.join(sorted(missing))}")
    bits = np.unpackbits(outputs.view(np.uint8), axis=2, bitorder="little").astype(bool)
    start = 0
    for name, port in netlist.outputs.items():
        if name in stimulus.expected:
            got = bits[:, stimulus.skipped :, start : start + len(port)]
            wrong = (got != stimulus.expected[name][:, stimulus.skipped :]).any(axis=2)
            if wrong.any():
                raise SimulationFailed(
                    f"Output {name} of the netlist must be what the golden model says, "
                    f"which it is not in {int(wrong.sum())} of {wrong.size} cycles"
                )
        start += len(port)


def _port(stimulus: Stimulus, name: str, bits: int, runs: int, cycles: int) -> NDArray[np.bool_]:
    return stimulus.inputs.get(name, np.zeros((runs, cycles, bits), bool))


def _numbers(file: Path, kind: type[np.generic]) -> NDArray[Any]:
    return np.fromfile(file, kind) if file.is_file() else np.empty(0, kind)


def _words(bits: NDArray[np.bool_]) -> NDArray[np.uint32]:
    missing = -bits.shape[2] % 32
    padded = np.pad(bits, ((0, 0), (0, 0), (0, missing)))
    return np.packbits(padded, axis=2, bitorder="little").view(np.uint32)


def _shape(netlist: Netlist) -> str:
    """Return the header that tells the program the ports of the model."""

    def pointers(prefix: str, words: int) -> str:
        return ", ".join(f"&model.{prefix}{word}" for word in range(words))

    counts = {"i": netlist.input_words, "o": netlist.output_words, "p": netlist.net_words}
    lines = [f"#define CLOCK n{netlist.clock}"]
    lines += [f"#define {name.upper()}_PORTS {pointers(name, n)}" for name, n in counts.items()]
    return "\n".join([*lines, ""])


def _write_cells(netlist: Netlist, library: Library, work: Path) -> None:
    """Write the functional models of the cells that the netlist uses.

    Yosys knows no function of a clock gate, whose state Liberty gives as a table.
    """
    gates = {
        name: cell.gate
        for name, cell in library.cells(netlist.cells).items()
        if cell.gate is not None
    }
    lines = []
    for number, text in enumerate(library.texts):
        if used := (netlist.cells - gates.keys()).intersection(text.cell_names):
            (work / f"cells{number}.lib").write_text(text.excerpt(used), encoding="utf-8")
            lines.append(f"read_liberty -ignore_miss_func cells{number}.lib")
    lines += ["proc", "write_verilog -noattr cells.v", ""]
    run_yosys("\n".join(lines), work, what="Modelling the cells with Yosys", timeout_s=_TIMEOUT_S)
    with (work / "cells.v").open("a", encoding="utf-8") as file:
        file.writelines(_clock_gate(name, gate) for name, gate in gates.items())


def _clock_gate(name: str, gate: ClockGate) -> str:
    """Return a clock gate: the enable passes while it is low and is held while it is high."""
    enables = (gate.enable, *gate.tests)
    ports = ", ".join(f"input {pin}" for pin in (gate.clock, *enables))
    return (
        f"module {name}({ports}, output {gate.output});\n"
        f"  reg enabled;\n"
        f"  always_latch if (!{gate.clock}) enabled = {' | '.join(enables)};\n"
        f"  assign {gate.output} = {gate.clock} & enabled;\nendmodule\n"
    )


def _run(command: list[str], work: Path, environment: dict[str, str]) -> None:
    import os

    from bitnet_hw.simulation import simulation_errors

    with simulation_errors():
        from sim.process import failure, run_logged

        log = work / "build.log"
        status = run_logged(
            command,
            what="Measuring activity",
            environment={**os.environ, **environment},
            directory=work,
            log=log,
            timeout_s=_TIMEOUT_S,
        )
    if status:
        raise SimulationFailed(failure("Measuring activity", status, log, 5))
