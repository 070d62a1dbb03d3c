"""Runs the accelerator on Amaranth's own simulator: slow, but ready without a compiler.

The unit tests and the cycle model's property test use it on small arrays; the reference here is a
sum in plain Python, which shares nothing with the golden model nor with the design.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from amaranth.sim import Simulator

from rtl.accelerator import Accelerator
from rtl.counters import COUNTERS, ERRORS
from rtl.geometry import Geometry
from rtl.job import Job
from rtl.trit import pack_word
from rtl.word_check import with_check

__all__ = ["CLOCK_PERIOD_S", "Operands", "Run", "run_jobs", "tile_words"]

CLOCK_PERIOD_S = 1e-9
MAX_CYCLES = 200_000


@dataclass(frozen=True)
class Operands:
    """A job with its data.

    Attributes
    ----------
    job : Job
        Sizes.
    weights : sequence of n sequences of k integers
        Ternary weights.
    activations : sequence of m sequences of k integers
        int8 activations.
    """

    job: Job
    weights: Sequence[Sequence[int]]
    activations: Sequence[Sequence[int]]

    @classmethod
    def random(cls, job: Job, rng: random.Random) -> "Operands":
        """Draw weights and activations, half of the activations from the ends of the range."""

        def activation() -> int:
            return rng.choice((-128, 127, rng.randint(-128, 127), rng.randint(-128, 127)))

        return cls(
            job=job,
            weights=[[rng.choice((-1, 0, 1)) for _ in range(job.k)] for _ in range(job.n)],
            activations=[[activation() for _ in range(job.k)] for _ in range(job.m)],
        )

    def results(self, geometry: Geometry) -> list[int]:
        """Return the results in the order of the result stream."""
        return [
            sum(w * x for w, x in zip(self.weights[n], activations, strict=True))
            for tile in range(geometry.n_tiles(self.job.n))
            for activations in self.activations
            for n in range(tile * geometry.rows, min((tile + 1) * geometry.rows, self.job.n))
        ]

    def activation_words(self, geometry: Geometry) -> Iterator[list[int]]:
        """Yield the words of the activation stream; lanes beyond k hold what must not count."""
        for tile in range(geometry.k_tiles(self.job.k)):
            for activations in self.activations:
                word = list(activations[tile * geometry.lanes : (tile + 1) * geometry.lanes])
                yield word + [77] * (geometry.lanes - len(word))


@dataclass(frozen=True)
class Run:
    """What a run showed.

    Attributes
    ----------
    results : list of int
        All results, in order.
    beats : list of (count, flags, last)
        The side of each result beat.
    end : int
        Cycle of the last result beat, counted from the first cycle in which a command was offered.
    status : dict
        Counters, errors and `idle` after the last beat.
    """

    results: list[int]
    beats: list[tuple[int, int, int]]
    end: int
    status: dict[str, int]


def tile_words(geometry: Geometry, weights: Sequence[Sequence[int]]) -> Iterator[int]:
    """Yield the words of the weight stream for an n x k matrix; all padding is weight +1.

    Padding rows and lanes must not count, whatever they hold.
    """
    n, k = len(weights), len(weights[0])
    for n_tile in range(geometry.n_tiles(n)):
        for k_tile in range(geometry.k_tiles(k)):
            trits = [
                weights[row][lane] if row < n and lane < k else 1
                for row in range(n_tile * geometry.rows, (n_tile + 1) * geometry.rows)
                for lane in range(k_tile * geometry.lanes, (k_tile + 1) * geometry.lanes)
            ]
            for word in range(geometry.words_per_tile):
                part = trits[word * geometry.word_trits : (word + 1) * geometry.word_trits]
                packed = pack_word(
                    part, encoding=geometry.weight_encoding, bits=8 * geometry.data_bytes
                )
                yield (
                    with_check(packed, geometry.weight_bus_bits) if geometry.check_bits else packed
                )


def run_jobs(
    geometry: Geometry,
    operands: Sequence[Operands],
    *,
    words: int = 1,
    cycles: int = 1,
    pause: Callable[[], bool] = lambda: False,
) -> Run:
    """Stream jobs through the accelerator, back to back, and return what came out.

    Parameters
    ----------
    geometry : Geometry
        The accelerator.
    operands : sequence of Operands
        The jobs.
    words, cycles : int
        Weight word `u` is offered from cycle ``ceil(u * cycles / words)`` on.
    pause : callable
        Asked before each transfer on each stream whether to let a cycle pass instead.

    Raises
    ------
    TimeoutError
        If the results do not come within a generous number of cycles.
    """
    dut: Any = Accelerator(geometry)
    expected = sum(item.job.n * item.job.m for item in operands)
    results: list[int] = []
    beats: list[tuple[int, int, int]] = []
    status: dict[str, int] = {}
    end = 0

    async def put(ctx: Any, stream: Any, items: Iterator[Any], due: Callable[[int], int]) -> None:
        cycle = 0
        for index, item in enumerate(items):
            while cycle < due(index) or pause():
                await ctx.tick()
                cycle += 1
            ctx.set(stream.payload, item)
            ctx.set(stream.valid, 1)
            taken = False
            while not taken:
                _, _, taken = await ctx.tick().sample(stream.ready)
                cycle += 1
            ctx.set(stream.valid, 0)

    async def commands(ctx: Any) -> None:
        jobs = (vars(item.job) for item in operands)
        await put(ctx, dut.commands, jobs, lambda _: 0)

    async def weights(ctx: Any) -> None:
        all_words = (word for item in operands for word in tile_words(geometry, item.weights))
        await put(ctx, dut.weights, all_words, lambda index: -(-index * cycles // words))

    async def activations(ctx: Any) -> None:
        all_words = (word for item in operands for word in item.activation_words(geometry))
        await put(ctx, dut.activations, all_words, lambda _: 0)

    async def sink(ctx: Any) -> None:
        nonlocal end
        port = dut.results
        for cycle in range(MAX_CYCLES):
            ctx.set(port.ready, not pause())
            _, _, taken, beat = await ctx.tick().sample(port.valid & port.ready, port.payload)
            if taken:
                results.extend(int(beat.data[index]) for index in range(beat.count))
                beats.append((int(beat.count), int(beat.flags), int(beat.last)))
                end = cycle
            if len(results) >= expected:
                await ctx.tick()
                for name in ("idle", *COUNTERS, *ERRORS):
                    status[name] = ctx.get(getattr(dut.status, name))
                return
        raise TimeoutError(f"Only {len(results)} of {expected} results in {MAX_CYCLES} cycles")

    simulator = Simulator(dut)
    simulator.add_clock(CLOCK_PERIOD_S)
    for bench in (commands, weights, activations):
        simulator.add_testbench(bench, background=True)
    simulator.add_testbench(sink)
    simulator.run()
    return Run(results=results, beats=beats, end=end, status=status)
