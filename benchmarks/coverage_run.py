"""Runs one accelerator through the benches, and says what that covered."""

import dataclasses
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.coverage_build import COUNTS, build_counting
from benchmarks.coverage_counts import ModuleCounts, read_counts
from benchmarks.coverage_designs import DESIGNS, OUTPUTS_BITS, narrow
from rtl.geometry import Geometry
from rtl.verilog import emit
from sim.cover_plan import cover_points
from sim.cover_points import Coverage
from sim.coverage_replay import events
from sim.coverage_trace import Trace
from sim.runner import run

__all__ = ["Covered", "cover"]

_TOP = "bitnet_accelerator"
_BENCHES = ",".join(f"sim.tb_coverage_{part}" for part in ("known", "data", "flow"))
_TIMEOUT_S = 1200.0
_PARAMETERS = {"scenarios": 30, "jobs": 5, "resets": 20}


@dataclass(frozen=True, kw_only=True)
class Covered:
    """What a run covered.

    Attributes
    ----------
    geometry : Geometry
        The accelerator.
    cycles : int
        Cycles that were watched.
    outputs_checked : int
        Results compared in the random jobs.
    bins : dict
        Hits of each bin, by cover point.
    modules : dict of ModuleCounts
        By module.
    seconds : float
        Wall-clock time, builds included.
    """

    geometry: Geometry
    cycles: int
    outputs_checked: int
    bins: dict[str, dict[str, int]]
    modules: dict[str, ModuleCounts]
    seconds: float


def cover(geometry: Geometry, seed: int) -> Covered:
    """Build an accelerator, run all tests of the `sim.tb_coverage` modules, and count.

    Raises
    ------
    SimulationError
        If the build fails, or a test.
    WrongTrace
        If the ports did what the architecture does not allow.
    """
    start = time.monotonic()
    with narrow():
        verilog, _ = emit(geometry, _TOP)
    with tempfile.TemporaryDirectory(prefix="coverage-") as name:
        folder = Path(name)
        design = build_counting(verilog, top=_TOP, directory=folder / "build", timeout_s=_TIMEOUT_S)
        trace_file = folder / "trace.npz"
        result = run(
            design,
            bench=_BENCHES,
            directory=folder / "run",
            parameters=_PARAMETERS
            | {
                "geometry": dataclasses.asdict(geometry),
                "outputs_bits": OUTPUTS_BITS,
                "trace": str(trace_file),
            },
            seed=seed,
            timeout_s=_TIMEOUT_S,
        )
        trace = Trace.load(trace_file)
        modules = read_counts(folder / "run" / COUNTS, verilog)
    coverage = Coverage(cover_points(DESIGNS))
    coverage.sample(events(trace))
    return Covered(
        geometry=geometry,
        cycles=sum(len(segment.cycles) for segment in trace.segments),
        outputs_checked=int(result.data["outputs_checked"]),
        bins=coverage.counts(),
        modules=modules,
        seconds=time.monotonic() - start,
    )
