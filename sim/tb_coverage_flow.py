"""cocotb tests for coverage: resets, commands and flow that random jobs reach too seldom."""

import random
from collections.abc import Callable
from itertools import chain, repeat
from typing import Any

import cocotb

from rtl.counters import ERRORS
from rtl.job import Job
from sim.accelerator_bench import STREAMS
from sim.bench import seed
from sim.coverage_bench import begin, finish, geometry, pause_first
from sim.operands import JobOperands, draw_job
from sim.pauses import PATTERNS, Pattern
from sim.payloads import bad_commands, command_word


@cocotb.test()
async def resets(dut: Any) -> None:
    """Reset in each cycle of a few jobs under different flow; a job after it must be exact."""
    bench, rng = await begin(dut)
    size = geometry()
    noise = random.Random(seed())
    flows: dict[str, Callable[[], dict[str, Pattern]]] = {
        "free": dict,
        "no results": lambda: {"results": repeat(True)},
        "few weights": lambda: {"weights": PATTERNS["mostly"](noise)},
        "few activations": lambda: {"activations": PATTERNS["mostly"](noise)},
    }
    job = Job(k=2 * size.lanes, n=3 * size.rows, m=size.max_tokens)
    for count, cycles in ((1, range(0, 60, 2)), (6, range(1, 90, 4))):
        for flow in flows.values():
            for cycle in cycles:
                bench.attach(pauses=flow())
                bench.send(JobOperands.random(job, rng) for _ in range(count))
                if cycle:
                    await bench.skip(cycle)
                await bench.reset()
                bench.attach()
                bench.send([JobOperands.random(draw_job(size, rng), rng)])
                await finish(bench)
    for rest in range(24):
        # At the end, where only results are under way.
        bench.attach(pauses={"results": pause_first(40 + rest)})
        bench.send([JobOperands.random(Job(k=1, n=size.rows, m=1), rng)])
        await bench.skip(4 + 2 * rest)
        await bench.reset()
        bench.attach()
        bench.send([JobOperands.random(draw_job(size, rng), rng)])
        await finish(bench)


@cocotb.test()
async def commands_among_jobs(dut: Any) -> None:
    """Each kind of bad command: alone, behind a job, behind two jobs that wait for weights."""
    bench, rng = await begin(dut)
    size = geometry()
    for values in bad_commands(size):
        for jobs in range(3):
            bench.attach(pauses={"weights": pause_first(60)})
            bench.send(JobOperands.random(draw_job(size, rng), rng) for _ in range(jobs))
            bench.send_words("commands", [command_word(size, **values)])
            if jobs:
                bench.send([JobOperands.random(draw_job(size, rng), rng)])
            await bench.skip(10)
            await finish(bench)
            assert bench.status()["bad_command"] == 1
            await bench.clear()


@cocotb.test()
async def small_jobs(dut: Any) -> None:
    """Many small jobs: queues run full, results of several wait, commands come late."""
    bench, rng = await begin(dut)
    size = geometry()
    smallest = Job(k=1, n=1, m=1)
    tokens = Job(k=1, n=1, m=size.max_tokens)
    for job in (smallest, tokens, Job(k=size.max_k, n=size.rows, m=1)):
        for pauses in (
            {},
            {"results": pause_first(60)},
            {"weights": pause_first(80)},
            {"activations": pause_first(80)},
            # The next command comes while only results of the first job are left.
            {
                "commands": chain([False], repeat(True, 40), repeat(False)),
                "results": pause_first(80),
            },
        ):
            bench.attach(pauses=pauses)
            bench.send(JobOperands.random(job, rng) for _ in range(9))
            await finish(bench)


@cocotb.test()
async def waits(dut: Any) -> None:
    """On each stream, pauses and back-pressure of every length, in every order."""
    bench, rng = await begin(dut)
    size = geometry()
    lengths = (0, 1, 5, 14)
    for stream in STREAMS:
        for slow in (name for name in STREAMS if name != stream):
            flow = random.Random(seed())
            bench.attach(
                pauses={
                    stream: _spans(flow, lengths, of=1),
                    slow: _spans(flow, lengths, of=3),
                }
            )
            for _ in range(12):
                bench.send([JobOperands.random(draw_job(size, rng), rng)])
                if flow.random() < 0.3:
                    values = flow.choice(list(bad_commands(size)))
                    bench.send_words("commands", [command_word(size, **values)])
            await finish(bench)


def _spans(rng: random.Random, lengths: tuple[int, ...], *, of: int) -> Pattern:
    """Pause for spans of these lengths, each followed by a few cycles without a pause."""
    while True:
        yield from repeat(True, rng.choice(lengths))
        yield from repeat(False, rng.randint(1, of))


@cocotb.test()
async def clear_at_work(dut: Any) -> None:
    """Clear counters and errors amid jobs, which that must not disturb."""
    bench, rng = await begin(dut)
    size = geometry()
    for cycles in range(1, 60, 3):
        bench.attach()
        bench.send_words("commands", [command_word(size, k=0, n=1, m=1)])
        bench.send(JobOperands.random(draw_job(size, rng), rng) for _ in range(3))
        await bench.skip(cycles)
        await bench.clear()
        await finish(bench)
        # And while only results are left.
        bench.attach(pauses={"results": pause_first(20 + cycles)})
        bench.send([JobOperands.random(Job(k=1, n=size.rows, m=1), rng)])
        await bench.skip(18)
        await bench.clear()
        await finish(bench)
        await bench.clear()
        assert not any(bench.status()[name] for name in ERRORS)


@cocotb.test()
async def late_commands(dut: Any) -> None:
    """Offer commands just before the queue has room for them, after pauses of every length."""
    bench, rng = await begin(dut)
    size = geometry()
    flow = random.Random(seed())
    bench.attach(
        pauses={
            "commands": _spans(flow, (0, 0, 1, 4, 8, 12), of=2),
            "activations": PATTERNS["evenly"](flow),
        }
    )
    for _ in range(200):
        k, m = flow.randint(1, size.max_k), flow.randint(1, size.max_tokens)
        bench.send([JobOperands.random(Job(k=k, n=1, m=m), rng)])
    await finish(bench)
