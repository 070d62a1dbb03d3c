"""Runs cocotb benches on a design."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cocotb_tools.check_results import get_results

from sim.build import Build, build
from sim.cocotb_process import run_cocotb
from sim.errors import BenchFailed
from sim.process import full_disk, last_lines

__all__ = ["PARAMETERS_VARIABLE", "Build", "Result", "build", "run"]

PARAMETERS_VARIABLE = "BITNET_HW_BENCH"
"""Environment variable with the path of the JSON file that holds a bench's parameters."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a passed run of a bench leaves.

    Attributes
    ----------
    tests : int
        cocotb tests that ran, and passed.
    data : dict
        What the bench reported.
    seconds : float
        Wall-clock time of the simulator.
    log : Path
        Its output.
    waveform : Path or None
        Waveform file, if the build has waves.
    """

    tests: int
    data: dict[str, Any]
    seconds: float
    log: Path
    waveform: Path | None


def run(
    design: Build,
    *,
    bench: str,
    directory: Path,
    parameters: Mapping[str, Any],
    tests: Sequence[str] = (),
    seed: int = 1,
    timeout_s: float = 600.0,
    python_path: Sequence[Path] = (),
    poll: Callable[[], None] | None = None,
) -> Result:
    """Run a bench on a design.

    Parameters
    ----------
    design : Build
        The design.
    bench : str
        Python module with cocotb tests.
    directory : Path
        Where parameters, log, waveform and report of this run go; made if it does not exist.
    parameters : mapping
        What the bench reads with `sim.bench.parameters`; must be expressible as JSON.
    tests : sequence of str
        Names of the tests to run; all if empty.
    seed : int
        Seed of cocotb's random numbers and, where registers start at random values, of those.
    timeout_s : float
        Longest time that the run may take.
    python_path : sequence of Path
        Additional directories in which the simulator finds Python modules.
    poll : callable
        Called several times a second during the run.

    Raises
    ------
    BenchFailed
        If a test fails, if there is none, or if the simulator ends before the tests do.
    SimulationTimedOut
        If the run takes longer than `timeout_s`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    directory = directory.resolve()
    simulator = design.toolchain.simulator
    log, report, results = (directory / name for name in ("run.log", "report.json", "results.xml"))
    for stale in (report, results):
        stale.unlink(missing_ok=True)
    parameters_file = directory / "parameters.json"
    parameters_file.write_text(
        json.dumps({"parameters": dict(parameters), "report": str(report), "seed": seed}),
        encoding="utf-8",
    )
    request: dict[str, Any] = {
        "action": "test",
        "simulator": simulator,
        "waves": design.waves,
        "hdl_toplevel": design.top,
        "test_module": bench,
        "build_dir": str(design.directory.resolve()),
        "test_dir": str(directory),
        "results_xml": str(results),
        "seed": seed,
        "plusargs": design.toolchain.run_args(seed),
        "extra_env": {
            PARAMETERS_VARIABLE: str(parameters_file),
            "COCOTB_ANSI_OUTPUT": "0",
            # Only benches: rewriting the assertions of every module makes importing torch slow.
            "COCOTB_REWRITE_ASSERTION_FILES": "tb_*.py",
        },
        # cocotb matches this against the full name of a test.
        "test_filter": rf"\.({'|'.join(tests)})$" if tests else None,
    }
    start = time.monotonic()
    status = run_cocotb(
        request,
        what=f"Running {bench} on {simulator}",
        directory=directory,
        log=log,
        toolchain=design.toolchain,
        python_path=python_path,
        timeout_s=timeout_s,
        poll=poll,
    )
    seconds = time.monotonic() - start
    # The exit status says little: cocotb's runner returns normally when tests have failed.
    try:
        count, failed = get_results(results)
    except (RuntimeError, ElementTree.ParseError):
        count, failed = 0, 0
    if failed or not count or status:
        reasons = _failures(results) if failed else [last_lines(log)]
        how = f"failed{full_disk(directory)}; log: {log}"
        raise BenchFailed("\n".join([f"{bench} on {simulator} with seed {seed} {how}", *reasons]))
    return Result(
        tests=count,
        data=json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {},
        seconds=seconds,
        log=log,
        waveform=directory / design.toolchain.waveform if design.waves else None,
    )


def _failures(results: Path) -> list[str]:
    """Return a line for each failed test."""
    return [
        f"{case.get('name')}: {failure.get('error_msg') or failure.get('message')}"
        for case in ElementTree.parse(results).iter("testcase")
        for failure in (*case.findall("failure"), *case.findall("error"))
    ]
