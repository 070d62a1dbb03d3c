"""The simulators that can run the accelerator, each as: build in a folder, then run jobs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.cxxrtl_model import CxxrtlModel, build_cxxrtl
from bitnet_hw.cycles import cycles
from bitnet_hw.errors import SimulationFailed
from rtl.geometry import Geometry
from rtl.verilog import emit
from sim.build import build
from sim.compiled import CompiledModel
from sim.compiled_build import build_library
from sim.operands import JobOperands
from sim.packing import pack_activations
from sim.pysim import Operands, run_jobs
from sim.simulate import simulate

__all__ = ["SIMULATORS", "Simulator", "in_stream_order", "predicted"]

TOP = "bitnet_accelerator"

Outcome = tuple[np.ndarray, int]
"""All results in the order of the stream, and the cycle of the last."""

Runner = Callable[[Sequence[JobOperands]], Outcome]


@dataclass(frozen=True)
class Simulator:
    """A simulator of the accelerator.

    Parameters
    ----------
    title : str
        What it is.
    prepare : callable
        Builds in a folder, in at most so many seconds, and returns what runs jobs.
    jobs : int
        Jobs after which its speed is known well enough.
    """

    title: str
    prepare: Callable[[Geometry, Path, float], Runner]
    jobs: int


def prepare_compiled(geometry: Geometry, folder: Path, limit_s: float) -> Runner:
    """Build the model that the tool uses in its own process."""
    model = CompiledModel(geometry, build_library(geometry, root=folder, timeout_s=limit_s))

    def run(operands: Sequence[JobOperands]) -> Outcome:
        first = operands[0]
        weights = model.pack_weights(first.weights)
        activations = pack_activations(geometry, first.activations)
        count = len(operands)
        result = model.run([first.job] * count, [weights] * count, [activations] * count)
        return result.stream, result.last_beat

    return run


def prepare_cxxrtl(geometry: Geometry, folder: Path, limit_s: float, *, flat: bool) -> Runner:
    """Build a CXXRTL model."""
    model = CxxrtlModel(geometry, build_cxxrtl(geometry, folder, flat=flat, timeout_s=limit_s))

    def run(operands: Sequence[JobOperands]) -> Outcome:
        return model.run(operands, 2 * predicted(geometry, operands))

    return run


def prepare_cocotb(geometry: Geometry, folder: Path, limit_s: float) -> Runner:
    """Build the Verilog for cocotb."""
    verilog, _ = emit(geometry, TOP)
    build(verilog, top=TOP, simulator="verilator", root=folder, timeout_s=limit_s)

    def run(operands: Sequence[JobOperands]) -> Outcome:
        result = simulate(geometry, verilog, operands, build_root=folder)
        if not result.passed:
            raise SimulationFailed(f"cocotb: {result.messages}")
        stream = [in_stream_order(matrix, geometry.rows) for matrix in result.results]
        return np.concatenate(stream), result.cycles_measured

    return run


def prepare_amaranth(geometry: Geometry, folder: Path, limit_s: float) -> Runner:
    """Take Amaranth's simulator, which elaborates the accelerator for each run."""

    def run(operands: Sequence[JobOperands]) -> Outcome:
        lists = [
            Operands(item.job, item.weights.tolist(), item.activations.tolist())
            for item in operands
        ]
        result = run_jobs(geometry, lists)
        return np.array(result.results, np.int32), result.end

    return run


SIMULATORS = {
    "compiled": Simulator("compiled model", prepare_compiled, 2000),
    "cxxrtl": Simulator("CXXRTL, rows shared", partial(prepare_cxxrtl, flat=False), 300),
    "cxxrtl-flat": Simulator("CXXRTL, flat", partial(prepare_cxxrtl, flat=True), 300),
    "cocotb": Simulator("cocotb on Verilator", prepare_cocotb, 100),
    "amaranth": Simulator("Amaranth's simulator", prepare_amaranth, 4),
}


def in_stream_order(matrix: np.ndarray, rows: int) -> np.ndarray:
    """Return results [m, n] output tile by output tile, token by token."""
    tiles = [matrix[:, start : start + rows].ravel() for start in range(0, matrix.shape[1], rows)]
    return np.concatenate(tiles)


def predicted(geometry: Geometry, operands: Sequence[JobOperands]) -> int:
    """Return the cycle of the last result by the cycle model."""
    return cycles(geometry, [item.job for item in operands]).cycles
