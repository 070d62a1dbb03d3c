"""cocotb tests of the accelerator.

Parameters of the run, read from its JSON file: `geometry` for all tests; `random_jobs` takes
`scenarios` and `jobs`, `reset_mid_job` takes `resets`; `given_jobs` takes `runs` (operands file,
results file and weight rate of each) and `progress` (a file that it keeps up to date with the
number of results compared).
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cocotb
import numpy as np

from rtl.counters import COUNTERS, ERRORS
from rtl.geometry import Geometry
from rtl.job import Job
from rtl.trit import TRIT5_DECODE
from sim.accelerator_bench import STREAMS, AcceleratorBench
from sim.bench import parameters, report, seed
from sim.operands import JobOperands, draw_job, load_operands
from sim.packing import activation_words, pack_weights
from sim.pauses import PATTERNS
from sim.payloads import command_word

_PROGRESS_INTERVAL_S = 0.2
_RATES = (None, None, (1, 1), (3, 2), (2, 3), (1, 7))


def _geometry() -> Geometry:
    return Geometry(**parameters()["geometry"])


def _check(bench: AcceleratorBench) -> None:
    problems = bench.scoreboard.finish()
    assert not problems, "\n".join(problems)


async def _expect_clean(bench: AcceleratorBench, rng: np.random.Generator) -> None:
    """Send one more job, which must be exact."""
    bench.attach()
    bench.send([JobOperands.random(draw_job(_geometry(), rng), rng)])
    await bench.run()
    _check(bench)


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
    _check(bench)
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
async def reset_mid_job(dut: Any) -> None:
    """Reset at a random cycle of busy work: whatever comes after must be exact."""
    geometry, settings = _geometry(), parameters()
    rng = random.Random(seed())
    data = np.random.default_rng(seed())
    bench = AcceleratorBench(dut, geometry)
    await bench.reset()
    for _ in range(settings["resets"]):
        bench.attach(pauses={name: PATTERNS["evenly"](rng) for name in STREAMS})
        bench.send(JobOperands.random(draw_job(geometry, data), data) for _ in range(4))
        await bench.skip(rng.randint(1, 120))
        await bench.reset()
        await _expect_clean(bench, data)
        await bench.skip(2)
        assert bench.status()["idle"] == 1


@cocotb.test()
async def illegal_codes(dut: Any) -> None:
    """Illegal codes count as weight 0, are remembered, and forgotten on `clear`."""
    geometry = _geometry()
    data = np.random.default_rng(seed())
    bench = AcceleratorBench(dut, geometry)
    await bench.reset()
    group, code_bits = {"trit2": (1, 2), "trit5": (5, 8)}[geometry.weight_encoding]
    codes = -(-geometry.tile_trits // group)
    # Every place of a tile, a few at a time.
    for first in range(0, codes, 8):
        operands = JobOperands.random(
            Job(k=2 * geometry.lanes, n=geometry.rows, m=geometry.max_tokens), data
        )
        words = pack_weights(geometry, operands.weights)
        bits = [int.from_bytes(word.tobytes(), "little") for word in words]
        per_word = geometry.word_trits // group
        for place in range(first, min(first + 8, codes)):
            # 0b11 is illegal in trit2; in trit5 whatever the table calls so.
            code = 0b11 if code_bits == 2 else _illegal_trit5(data)
            word, shift = place // per_word, place % per_word * code_bits
            bits[word] = bits[word] & ~(((1 << code_bits) - 1) << shift) | code << shift
        bench.attach()
        job = operands.job
        bench.send_words("commands", [command_word(geometry, k=job.k, n=job.n, m=job.m)])
        bench.send_words("activations", activation_words(geometry, operands.activations))
        bench.send_words("weights", bits)
        await bench.run()
        _check(bench)
        await bench.skip(2)
        assert bench.scoreboard.illegal_code
        assert bench.status()["illegal_code"] == 1
        # The error stays through a clean job.
        await _expect_clean(bench, data)
        assert not bench.scoreboard.illegal_code
        assert bench.status()["illegal_code"] == 1
        await bench.clear()
        assert bench.status()["illegal_code"] == 0


def _illegal_trit5(rng: np.random.Generator) -> int:
    return int(rng.choice([code for code, weights in enumerate(TRIT5_DECODE) if weights is None]))


def _bad_commands(geometry: Geometry) -> Iterator[dict[str, int]]:
    good = {"k": 1, "n": 1, "m": 1}
    for name in good:
        yield good | {name: 0}
    for name, limit in (("k", geometry.max_k), ("m", geometry.max_tokens)):
        largest = (1 << limit.bit_length()) - 1
        if largest > limit:
            yield good | {name: limit + 1}
            yield good | {name: largest}


@cocotb.test()
async def bad_command(dut: Any) -> None:
    """Commands of an impossible size are dropped and remembered; the jobs around them are exact."""
    geometry = _geometry()
    data = np.random.default_rng(seed())
    bench = AcceleratorBench(dut, geometry)
    await bench.reset()
    for values in _bad_commands(geometry):
        bench.attach()
        bench.send([JobOperands.random(draw_job(geometry, data), data)])
        bench.send_words("commands", [command_word(geometry, **values)])
        bench.send(JobOperands.random(draw_job(geometry, data), data) for _ in range(2))
        await bench.run()
        _check(bench)
        await bench.skip(2)
        assert bench.scoreboard.jobs == 3
        assert bench.scoreboard.bad_command
        assert bench.status()["bad_command"] == 1
        await _expect_clean(bench, data)
        assert bench.status()["bad_command"] == 1
        await bench.clear()
        assert bench.status()["bad_command"] == 0


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
