"""The accelerator on Amaranth's simulator: flow control, reset, errors, sidebands."""

import random

import pytest
from amaranth import Signal
from amaranth.hdl import EnableInserter, ResetInserter
from amaranth.sim import Simulator

from rtl.accelerator import Accelerator
from rtl.counters import COUNTERS, ERRORS
from rtl.geometry import Geometry
from rtl.job import Job
from sim.pysim import Operands, run_jobs, tile_words

GEOMETRIES = [
    Geometry(rows=4, lanes=5, weight_bus_bits=32, max_tokens=3, max_k=23, output_bus_words=3),
    Geometry(
        rows=3,
        lanes=8,
        weight_encoding="trit2",
        weight_bus_bits=16,
        max_tokens=2,
        max_k=40,
        output_bus_words=1,
        tree_register_every=1,
    ),
    Geometry(rows=1, lanes=1, weight_bus_bits=8, max_tokens=1, max_k=3, output_bus_words=1),
    Geometry(
        rows=3,
        lanes=4,
        weight_encoding="trit2",
        weight_bus_bits=16,
        max_tokens=2,
        max_k=9,
        output_bus_words=2,
        weight_check="hamming",
    ),
    Geometry(
        rows=5,
        lanes=3,
        weight_bus_bits=8,
        max_tokens=4,
        max_k=2,
        output_bus_words=5,
        tree_register_every=3,
    ),
]


def random_operands(geometry, rng, count):
    return [
        Operands.random(
            Job(
                k=rng.randint(1, geometry.max_k),
                n=rng.randint(1, 3 * geometry.rows),
                m=rng.randint(1, geometry.max_tokens),
                flags=rng.randint(0, 255),
            ),
            rng,
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("pause_share", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_random_jobs_under_random_flow(geometry, pause_share):
    rng = random.Random(f"{geometry} {pause_share}")
    operands = random_operands(geometry, rng, 8)
    run = run_jobs(geometry, operands, pause=lambda: rng.random() < pause_share)
    assert run.results == [x for item in operands for x in item.results(geometry)]
    assert run.status["idle"] == 1
    assert not any(run.status[name] for name in ERRORS)
    assert run.status["busy"] == sum(item.job.steps(geometry) for item in operands)


def test_beats_carry_count_flags_and_last():
    geometry = GEOMETRIES[0]
    rng = random.Random(1)
    # 6 outputs on 4 rows, 3 results in a beat: 3 + 1 for the full tile, 2 for the ragged one.
    operands = [Operands.random(Job(k=7, n=6, m=2, flags=0xA5), rng)]
    run = run_jobs(geometry, operands)
    assert run.beats == [
        (3, 0xA5, 0),
        (1, 0xA5, 0),
        (3, 0xA5, 0),
        (1, 0xA5, 0),
        (2, 0xA5, 0),
        (2, 0xA5, 1),
    ]


def test_literal_job():
    geometry = GEOMETRIES[0]
    operands = Operands(
        job=Job(k=6, n=2),
        weights=[[-1, -1, -1, -1, -1, -1], [1, 0, -1, 1, 0, 1]],
        activations=[[-128, -128, -128, -128, -128, -128]],
    )
    assert run_jobs(geometry, [operands]).results == [768, -256]


class Bench:
    """The accelerator with a reset that the bench can pull, and just enough of a host."""

    def __init__(self, geometry):
        self.geometry = geometry
        self.dut = Accelerator(geometry)

    def run(self, bench):
        self.reset, self.enable = Signal(), Signal(init=1)
        simulator = Simulator(EnableInserter(self.enable)(ResetInserter(self.reset)(self.dut)))
        simulator.add_clock(1e-9)
        simulator.add_testbench(bench)
        simulator.run()

    async def stream(
        self,
        ctx,
        operands,
        *,
        stop_after=10_000,
        corrupt=None,
        flip=0,
        take=1,
        without=None,
        gated=None,
    ):
        """Offer everything but `without`, and `take` results, for at most `stop_after` cycles.

        In cycle `gated` the clock of the design stops for a while, and that of its host with it.
        """
        geometry, dut = self.geometry, self.dut
        words = list(tile_words(geometry, operands.weights))
        if corrupt is not None:
            words[corrupt] |= 0xFF
        words[0] ^= flip
        sources = [
            (dut.commands, [vars(operands.job)]),
            (dut.weights, words),
            (dut.activations, list(operands.activation_words(geometry))),
        ]
        sources = [(stream, items) for stream, items in sources if stream is not without]
        results = []
        ctx.set(dut.results.ready, take)
        for cycle in range(stop_after):
            for stream, items in sources:
                ctx.set(stream.valid, bool(items))
                if items:
                    ctx.set(stream.payload, items[0])
            if cycle == gated:
                ctx.set(self.enable, 0)
                await ctx.tick().repeat(3)
                ctx.set(self.enable, 1)
            port = dut.results
            sampled = await ctx.tick().sample(
                *(stream.ready for stream, _ in sources), port.valid, port.payload
            )
            *taken, valid, beat = sampled[2:]
            for (_, items), ready in zip(sources, taken, strict=True):
                if ready and items:
                    items.pop(0)
            if valid and take:
                results.extend(int(beat.data[index]) for index in range(beat.count))
            if len(results) == operands.job.n * operands.job.m:
                break
        for stream, _ in sources:
            ctx.set(stream.valid, 0)
        return results


@pytest.mark.parametrize("geometry", GEOMETRIES[:2])
def test_reset_at_every_cycle_of_a_job(geometry):
    rng = random.Random(3)
    broken, clean = random_operands(geometry, rng, 2)
    bench = Bench(geometry)

    async def run(ctx):
        length = 2 + broken.job.steps(geometry) * geometry.words_per_tile + 20
        for cycle in range(1, length):
            await bench.stream(ctx, broken, stop_after=cycle)
            ctx.set(bench.reset, 1)
            await ctx.tick()
            ctx.set(bench.reset, 0)
            assert ctx.get(bench.dut.status.idle) == 1
            assert ctx.get(bench.dut.status.cycles) == 0
            assert await bench.stream(ctx, clean) == clean.results(geometry), cycle

    bench.run(run)


@pytest.mark.parametrize("geometry", GEOMETRIES[:2])
def test_the_clock_may_stop_at_every_cycle_of_a_job(geometry):
    [operands] = random_operands(geometry, random.Random(10), 1)
    bench = Bench(geometry)
    running = run_jobs(geometry, [operands])

    async def run(ctx):
        for cycle in range(running.end + 2):
            assert await bench.stream(ctx, operands, gated=cycle) == operands.results(geometry)
            status = bench.dut.status
            counted = {name: ctx.get(getattr(status, name)) for name in COUNTERS}
            assert counted == {name: running.status[name] for name in COUNTERS}, cycle
            ctx.set(bench.dut.clear, 1)
            await ctx.tick()
            ctx.set(bench.dut.clear, 0)

    bench.run(run)


def test_a_flipped_bit_is_remembered():
    geometry = next(geometry for geometry in GEOMETRIES if geometry.check_bits)
    operands = Operands.random(Job(k=geometry.lanes, n=geometry.rows), random.Random(11))
    bench = Bench(geometry)

    async def run(ctx):
        status = bench.dut.status
        assert await bench.stream(ctx, operands) == operands.results(geometry)
        assert ctx.get(status.corrupt_word) == 0
        for place in range(geometry.weight_bus_bits):
            await bench.stream(ctx, operands, flip=1 << place)
            # It is known with the first result.
            assert ctx.get(status.corrupt_word) == 1, place
            ctx.set(bench.dut.clear, 1)
            await ctx.tick()
            ctx.set(bench.dut.clear, 0)
            assert ctx.get(status.corrupt_word) == 0

    bench.run(run)


@pytest.mark.parametrize("stream", ["commands", "weights", "activations"])
def test_an_offer_that_is_taken_back_is_remembered(stream):
    geometry = GEOMETRIES[0]
    operands = Operands.random(Job(k=7, n=6, m=2), random.Random(12))
    bench = Bench(geometry)

    async def run(ctx):
        dut = bench.dut
        port = getattr(dut, stream)
        # Nothing else is offered, so that at some time it is not taken.
        ctx.set(port.valid, 1)
        if stream == "commands":
            ctx.set(port.payload, {"k": 1, "n": 1, "m": 1})
        for _ in range(20):
            *_, ready = await ctx.tick().sample(port.ready)
        assert not ready
        assert ctx.get(dut.status.dropped_valid) == 0
        ctx.set(port.valid, 0)
        await ctx.tick()
        assert ctx.get(dut.status.dropped_valid) == 1
        ctx.set(bench.reset, 1)
        await ctx.tick()
        ctx.set(bench.reset, 0)
        assert ctx.get(dut.status.dropped_valid) == 0
        assert await bench.stream(ctx, operands) == operands.results(geometry)
        assert ctx.get(dut.status.dropped_valid) == 0

    bench.run(run)


@pytest.mark.parametrize("geometry", GEOMETRIES[:2])
def test_illegal_code_counts_as_zero_and_is_remembered(geometry):
    rng = random.Random(4)
    operands = Operands.random(Job(k=geometry.lanes, n=geometry.rows), rng)
    bench = Bench(geometry)
    # The lowest byte of the first word: 0xFF is five weights in trit5 and four in trit2.
    wiped = {"trit5": 5, "trit2": 4}[geometry.weight_encoding]
    flat = [weight for row in operands.weights for weight in row]
    flat[:wiped] = [0] * wiped
    lanes = geometry.lanes
    expected = Operands(
        job=operands.job,
        weights=[flat[row * lanes : (row + 1) * lanes] for row in range(geometry.rows)],
        activations=operands.activations,
    )

    async def run(ctx):
        status = bench.dut.status
        assert await bench.stream(ctx, operands, corrupt=0) == expected.results(geometry)
        assert ctx.get(status.illegal_code) == 1
        assert await bench.stream(ctx, operands) == operands.results(geometry)
        assert ctx.get(status.illegal_code) == 1
        ctx.set(bench.dut.clear, 1)
        await ctx.tick()
        ctx.set(bench.dut.clear, 0)
        assert ctx.get(status.illegal_code) == 0
        assert ctx.get(status.busy) == 0

    bench.run(run)


@pytest.mark.parametrize(
    "command",
    [
        {"k": 0, "n": 1, "m": 1},
        {"k": 1, "n": 0, "m": 1},
        {"k": 1, "n": 1, "m": 0},
        {"k": 24, "n": 1, "m": 1},
    ],
)
def test_bad_command_is_dropped_and_remembered(command):
    geometry = GEOMETRIES[0]
    operands = Operands.random(Job(k=7, n=6, m=2), random.Random(5))
    bench = Bench(geometry)

    async def run(ctx):
        dut = bench.dut
        ctx.set(dut.commands.payload, command)
        ctx.set(dut.commands.valid, 1)
        await ctx.tick().until(dut.commands.ready)
        ctx.set(dut.commands.valid, 0)
        await ctx.tick().repeat(2)
        assert ctx.get(dut.status.bad_command) == 1
        assert ctx.get(dut.status.idle) == 1
        assert await bench.stream(ctx, operands) == operands.results(geometry)

    bench.run(run)


@pytest.mark.parametrize("geometry", GEOMETRIES[:2])
@pytest.mark.parametrize("tokens", [1, 2])
def test_results_that_nobody_takes_fill_every_slot_and_stop_the_array(geometry, tokens):
    k_tiles = 3
    job = Job(k=k_tiles * geometry.lanes, n=20 * geometry.rows, m=tokens)
    operands = Operands.random(job, random.Random(6))
    bench = Bench(geometry)
    # All steps of the output tiles that found room, and of one more those that need none.
    slots = geometry.result_slots
    expected = slots + (slots // tokens + 1) * (k_tiles - 1) * tokens

    async def run(ctx):
        await bench.stream(ctx, operands, stop_after=500, take=0)
        status = bench.dut.status
        assert ctx.get(status.busy) == expected
        assert ctx.get(status.output_wait) > 300
        assert ctx.get(status.idle) == 0

    bench.run(run)


@pytest.mark.parametrize("lacking", ["activations", "weights"])
def test_cycles_without_operands_are_counted_as_just_that_wait(lacking):
    geometry = GEOMETRIES[0]
    operands = Operands.random(Job(k=5, n=4), random.Random(7))
    bench = Bench(geometry)

    async def run(ctx):
        dut = bench.dut
        await bench.stream(ctx, operands, stop_after=100, without=getattr(dut, lacking))
        # The command comes in cycle 0 and is at work from 2 on; an activation serves from 4 on.
        waits = {"activations": (98, 0), "weights": (2, 96)}[lacking]
        status = dut.status
        assert (ctx.get(status.activation_wait), ctx.get(status.weight_wait)) == waits
        assert (ctx.get(status.cycles), ctx.get(status.busy)) == (99, 0)

    bench.run(run)


def test_commands_that_outlast_the_only_job_are_work_too():
    geometry = GEOMETRIES[0]
    operands = Operands.random(Job(k=1, n=1), random.Random(8))
    bench = Bench(geometry)

    async def run(ctx):
        dut = bench.dut
        # The job waits for its activation in front of a full queue.
        job = {"k": 1, "n": 1, "m": 1, "flags": 0}
        await put_until_taken(ctx, dut.commands, job)
        ctx.set(dut.commands.payload, {**job, "k": 0})
        ctx.set(dut.commands.valid, 1)
        await ctx.tick().repeat(20)
        assert ctx.get(dut.commands.ready) == 0
        ctx.set(dut.weights.payload, next(tile_words(geometry, operands.weights)))
        ctx.set(dut.weights.valid, 1)
        ctx.set(dut.results.ready, 1)
        await put_until_taken(ctx, dut.activations, next(operands.activation_words(geometry)))
        # The job and its result are long gone, and commands still come, one in each cycle.
        await ctx.tick().repeat(30)
        before = ctx.get(dut.status.cycles)
        for _ in range(5):
            assert ctx.get(dut.status.idle) == 0
            await ctx.tick()
        assert ctx.get(dut.status.cycles) == before + 5
        assert ctx.get(dut.status.busy) == 1
        ctx.set(dut.commands.valid, 0)
        await ctx.tick().repeat(5)
        assert ctx.get(dut.status.idle) == 1

    bench.run(run)


async def put_until_taken(ctx, stream, payload):
    ctx.set(stream.payload, payload)
    ctx.set(stream.valid, 1)
    await ctx.tick().until(stream.ready)
    ctx.set(stream.valid, 0)
