"""Runs random jobs under random pauses on all streams of an accelerator."""

import dataclasses
from pathlib import Path

from rtl.geometry import Geometry
from sim.build import build
from sim.runner import run
from sim.scratch import scratch_folder

__all__ = ["simulate_random_flow"]

_MOST_JOBS = 4


def simulate_random_flow(
    geometry: Geometry,
    verilog: str,
    *,
    scenarios: int,
    build_root: Path,
    simulator: str = "verilator",
    top: str = "bitnet_accelerator",
    seed: int = 1,
    timeout_s: float = 3600.0,
) -> dict[str, int]:
    """Run the bench ``random_jobs`` and return what it compared.

    Parameters
    ----------
    geometry : Geometry
        The accelerator.
    verilog : str
        Its Verilog.
    scenarios : int
        Lists of up to four jobs, each with its own data, weight rate and pauses.
    build_root : Path
        Where builds are kept for later calls.
    simulator : str
        ``"verilator"`` or ``"icarus"``.
    top : str
        Name of the top module.
    seed : int
        Of everything random.
    timeout_s : float
        Longest time of the build, and of the run.

    Returns
    -------
    dict
        ``jobs`` and ``outputs_checked``.

    Raises
    ------
    SimulationError
        If anything was wrong: a result, a counter, or a rule of a stream.
    """
    design = build(verilog, top=top, simulator=simulator, root=build_root, timeout_s=timeout_s)
    with scratch_folder(build_root) as directory:
        result = run(
            design,
            bench="sim.tb_accelerator",
            tests=["random_jobs"],
            directory=directory,
            parameters={
                "geometry": dataclasses.asdict(geometry),
                "scenarios": scenarios,
                "jobs": _MOST_JOBS,
            },
            seed=seed,
            timeout_s=timeout_s,
        )
    return {name: int(result.data[name]) for name in ("jobs", "outputs_checked")}
