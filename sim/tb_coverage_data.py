"""cocotb tests for coverage: data, sizes and counters that random jobs reach too seldom."""

import random
from typing import Any

import cocotb
import numpy as np

from rtl.counters import COUNTERS
from rtl.job import Job
from sim.accelerator_bench import AcceleratorBench
from sim.bench import seed
from sim.coverage_bench import begin, finish, geometry, most_outputs, pause_first
from sim.operands import JobOperands
from sim.pauses import PATTERNS

_ENDS = (-128, -1, 0, 1, 127)
_BYTES = 5000
"""Drawn bytes of which each of 256 values comes."""


@cocotb.test()
async def every_code(dut: Any) -> None:
    """Words of arbitrary bits: every code, legal or not, in every place."""
    bench, rng = await begin(dut)
    size = geometry()
    most = most_outputs()
    codes = 0
    while codes < _BYTES:
        job = Job(
            k=max(1, size.max_k - int(rng.integers(size.lanes))),
            n=most - int(rng.integers(size.rows)),
            m=int(rng.integers(1, size.max_tokens + 1)),
        )
        bench.attach()
        await _send_words_of_any_bits(bench, job, rng)
        await finish(bench)
        codes += job.tiles(size) * size.words_per_tile * size.data_bytes
    assert bench.status()["illegal_code"] == 1
    await bench.clear()
    assert bench.status()["illegal_code"] == 0


async def _send_words_of_any_bits(
    bench: AcceleratorBench, job: Job, rng: np.random.Generator
) -> None:
    size = geometry()
    activations = rng.integers(-128, 128, (job.m, job.k), np.int8)
    words = job.tiles(size) * size.words_per_tile
    bits = rng.integers(0, 256, (words, size.weight_bus_bits // 8), np.uint8)
    words = (int.from_bytes(word.tobytes(), "little") for word in bits)
    bench.send_given(job, activations, words, rng)


@cocotb.test()
async def extremes(dut: Any) -> None:
    """Compute the largest and the smallest sums, and every weight with activations at the ends."""
    bench, rng = await begin(dut)
    size = geometry()
    k, n, m = size.max_k, size.rows, size.max_tokens
    bench.attach()
    for weight in (-1, 1, 0, -1):
        for activation in (-128, 127, 0):
            activations = np.full((m, k), activation, np.int8)
            bench.send([JobOperands(activations, np.full((n, k), weight, np.int8))])
    for _ in range(4):
        activations = rng.choice(np.array(_ENDS, np.int8), (m, k))
        bench.send([JobOperands(activations, rng.integers(-1, 2, (n, k), np.int8))], padding=rng)
    await finish(bench)


@cocotb.test()
async def full_jobs(dut: Any) -> None:
    """Jobs that fill their halves of the store, with activations that come slowly."""
    bench, rng = await begin(dut)
    size = geometry()
    job = Job(k=size.max_k, n=2 * size.rows, m=size.max_tokens, flags=255)
    for pattern in ("mostly", "evenly", "never"):
        flow = random.Random(seed())
        bench.attach(pauses={"activations": PATTERNS[pattern](flow)}, noise=flow)
        bench.send((JobOperands.random(job, rng) for _ in range(6)), padding=rng)
        await finish(bench)


@cocotb.test()
async def counters_far_up(dut: Any) -> None:
    """Count each kind of cycle until the highest bit of its counter has changed twice."""
    bench, rng = await begin(dut)
    size = geometry()
    enough = 1 << len(dut["status__busy"]) - 1
    job = Job(k=size.max_k, n=most_outputs(), m=size.max_tokens)
    bench.attach()
    bench.send(JobOperands.random(job, rng) for _ in range(enough // job.steps(size) + 1))
    await finish(bench)
    await _expect_far_up(bench, "busy", enough)
    for stream, counter in (
        ("weights", "weight_wait"),
        ("activations", "activation_wait"),
        ("results", "output_wait"),
    ):
        bench.attach(pauses={stream: pause_first(enough + 200)})
        bench.send([JobOperands.random(job, rng)])
        await bench.skip(enough + 200)
        await finish(bench)
        await _expect_far_up(bench, counter, enough)


async def _expect_far_up(bench: AcceleratorBench, counter: str, enough: int) -> None:
    assert bench.status()[counter] >= enough
    await bench.clear()
    assert not any(bench.status()[name] for name in COUNTERS)
