"""What the tests that are to cover everything share: a watcher, and how they begin and end.

Imported inside the simulator only. Parameters of the run, besides those of `sim.tb_accelerator` and
`sim.tb_faults`: `outputs_bits`, the width of the field `n` of commands, and `trace`, the file that
tells what was seen.
"""

from itertools import chain, repeat
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from rtl.geometry import Geometry
from sim.accelerator_bench import AcceleratorBench
from sim.bench import parameters, seed
from sim.coverage_recorder import Recorder
from sim.pauses import Pattern

__all__ = [
    "begin",
    "finish",
    "geometry",
    "most_outputs",
    "pause_first",
    "save",
    "watch",
]

_recorders: list[Recorder] = []

# Accelerators under these tests may have fewer bits for the number of outputs.
patch("sim.payloads.OUTPUTS_BITS", parameters()["outputs_bits"]).start()


def geometry() -> Geometry:
    """Return the accelerator's parameters."""
    return Geometry(**parameters()["geometry"])


def most_outputs() -> int:
    """Return the largest N of a command."""
    bits: int = parameters()["outputs_bits"]
    return (1 << bits) - 1


def watch(dut: Any) -> None:
    """Record the ports from now on, to the end of this test."""
    if not _recorders:
        _recorders.append(Recorder(dut, geometry(), parameters()["outputs_bits"]))
    _recorders[0].start()


def save() -> None:
    """Write what all tests showed."""
    _recorders[0].trace.save(Path(parameters()["trace"]))


async def begin(dut: Any) -> tuple[AcceleratorBench, np.random.Generator]:
    """Return the bench of a test, watched and in its first cycle after reset."""
    watch(dut)
    bench = AcceleratorBench(dut, geometry())
    await bench.reset()
    return bench, np.random.default_rng(seed())


async def finish(bench: AcceleratorBench) -> None:
    """Run to the end, where everything must be right."""
    await bench.run()
    bench.check()
    await bench.skip(2)
    assert bench.status()["idle"] == 1


def pause_first(cycles: int) -> Pattern:
    """Pause in the first cycles, and then never."""
    return chain(repeat(True, cycles), repeat(False))
