"""cocotb tests of the accelerator.

Parameters of the run, read from its JSON file: `geometry` for all tests; `random_jobs` takes
`scenarios` and `jobs`; `given_jobs` takes `runs` (operands file, results file and weight rate of
each) and `progress` (a file that it keeps up to date with the number of results compared).
"""

import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import cocotb
import numpy as np

from rtl.counters import COUNTERS, ERRORS
from rtl.geometry import Geometry
from rtl.job import Job
from sim.accelerator_bench import STREAMS, AcceleratorBench
from sim.bench import parameters, report, seed
from sim.operands import JobOperands, draw_job, load_operands
from sim.pauses import PATTERNS

_PROGRESS_INTERVAL_S = 0.2
_RATES = (None, None, (1, 1), (3, 2), (2, 3), (1, 7))


def _geometry() -> Geometry:
    return Geometry(**parameters()["geometry"])


@cocotb.test()
async def random_jobs(dut: Any) -> None:
    """Jobs of random sizes and data, back to back, under random flow on all four streams."""
    geometry, settings = _geometry(), parameters()
    rng = random.Random(seed())
    seen: Counter[str] = Counter()
    jobs = outputs = 0
    bench = AcceleratorBench(dut, geometry)
    await bench.reset()
    for scenario in range(settings["scenarios"]):
        scenario_seed = rng.getrandbits(32)
        try:
            operands = await _random_scenario(bench, geometry, scenario_seed, settings["jobs"])
        except AssertionError as error:
            raise AssertionError(f"scenario {scenario}, seed {scenario_seed}: {error}") from error
        for item in operands:
            seen.update(_kinds(item.job, geometry))
        jobs += bench.scoreboard.jobs
        outputs += bench.scoreboard.outputs_checked
        # The next scenario starts from what this one left, or from reset.
        if rng.random() < 0.5:
            await bench.clear()
            assert not any(bench.status()[name] for name in COUNTERS)
        else:
            await bench.reset()
    report({"jobs": jobs, "outputs_checked": outputs, "seen": seen})


async def _random_scenario(
    bench: AcceleratorBench, geometry: Geometry, scenario_seed: int, most_jobs: int
) -> list[JobOperands]:
    """Run a few jobs under flow patterns and a weight rate of their own, and check everything."""
    data = np.random.default_rng(scenario_seed)
    flow = random.Random(scenario_seed)
    patterns = {name: flow.choice(sorted(PATTERNS)) for name in STREAMS}
    rate = flow.choice(_RATES)
    operands = [
        JobOperands.random(draw_job(geometry, data), data)
        for _ in range(flow.randint(1, most_jobs))
    ]
    cocotb.log.info(
        "seed %d: %d jobs, weight rate %s, flow %s", scenario_seed, len(operands), rate, patterns
    )
    bench.attach(
        pauses={name: PATTERNS[pattern](flow) for name, pattern in patterns.items()},
        rate=rate,
        noise=flow,
    )
    bench.send(operands, padding=data)
    await bench.run()
    bench.check()
    await bench.skip(2)
    status = bench.status()
    assert status["idle"] == 1
    assert not any(status[name] for name in ERRORS)
    assert status["busy"] == sum(item.job.steps(geometry) for item in operands)
    waits = sum(status[name] for name in ("weight_wait", "activation_wait", "output_wait"))
    assert status["busy"] + waits <= status["cycles"]
    return operands


def _kinds(job: Job, geometry: Geometry) -> dict[str, int]:
    """Return which of the cases that random jobs must reach a job is."""
    return {
        "ragged_k": job.k % geometry.lanes != 0,
        "ragged_n": job.n % geometry.rows != 0,
        "several_k": job.k > geometry.lanes,
        "several_n": job.n > geometry.rows,
        "one_token": job.m == 1,
        "max_tokens": job.m == geometry.max_tokens,
    }


@cocotb.test()
async def given_jobs(dut: Any) -> None:
    """Jobs with given data at full speed; mismatches are reported, and fail nothing."""
    geometry, settings = _geometry(), parameters()
    bench = AcceleratorBench(dut, geometry)
    progress = Path(settings["progress"])
    reports = []
    compared = 0
    next_progress = 0.0

    def finished() -> bool:
        nonlocal next_progress
        if time.monotonic() >= next_progress:
            progress.write_text(str(compared + bench.scoreboard.outputs_checked), encoding="utf-8")
            next_progress = time.monotonic() + _PROGRESS_INTERVAL_S
        return bench.finished()

    for run in settings["runs"]:
        await bench.reset()
        rate = tuple(run["rate"]) if run["rate"] else None
        bench.attach(rate=rate)
        bench.send(load_operands(Path(run["operands"])))
        slowest = 0 if rate is None else -(-rate[1] // rate[0])
        await bench.run(finished, stall_limit=5000 + slowest * geometry.words_per_tile)
        await bench.skip()
        scoreboard = bench.scoreboard
        compared += scoreboard.outputs_checked
        status = bench.status()
        problems = scoreboard.finish()
        for name in ERRORS:
            if bool(status[name]) != getattr(scoreboard, name):
                problems.append(f"status {name} is {status[name]}")
        np.savez(run["results"], *scoreboard.results)
        reports.append({
            "jobs": scoreboard.jobs,
            "outputs_checked": scoreboard.outputs_checked,
            "mismatches": scoreboard.mismatches,
            "messages": problems,
            "cycles_measured": bench.end - bench.start,
            "status": status,
        })
    report({"runs": reports})
