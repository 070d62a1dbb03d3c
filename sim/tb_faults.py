"""cocotb tests of what a host, a memory or a reset may do to the accelerator.

Parameters of the run, read from its JSON file: `geometry` for all tests; `taken_back` and
`stopped_streams` take `scenarios`, `reset_mid_job` takes `resets`.
"""

import random
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import cocotb
import numpy as np

from rtl.counters import ERRORS
from rtl.geometry import Geometry
from rtl.job import Job
from rtl.trit import TRIT5_DECODE
from sim.accelerator_bench import STREAMS, AcceleratorBench
from sim.bench import parameters, report, seed
from sim.operands import JobOperands, draw_job
from sim.packing import pack_weights, weight_words
from sim.pauses import PATTERNS
from sim.payloads import bad_commands, command_word


def _geometry() -> Geometry:
    return Geometry(**parameters()["geometry"])


async def _expect_clean(bench: AcceleratorBench, rng: np.random.Generator) -> None:
    """Send one more job, which must be exact."""
    bench.attach()
    bench.send([JobOperands.random(draw_job(_geometry(), rng), rng)])
    await bench.run()
    bench.check()


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
        bench.send_given(operands.job, operands.activations, bits)
        await bench.run()
        bench.check()
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


@cocotb.test()
async def flipped_bits(dut: Any) -> None:
    """One, two or three flipped bits of a word, its check bits included, are always noticed."""
    geometry = _geometry()
    assert geometry.check_bits
    data = np.random.default_rng(seed())
    bits = geometry.weight_bus_bits
    bench = AcceleratorBench(dut, geometry)
    await bench.reset()
    flips = [{place} for place in range(bits)]
    flips += [set(data.choice(bits, count, replace=False)) for count in (2, 3) for _ in range(bits)]
    for places in flips:
        operands = JobOperands.random(draw_job(geometry, data), data)
        words = list(weight_words(geometry, operands.weights, data))
        words[data.integers(len(words))] ^= sum(1 << int(place) for place in places)
        bench.attach()
        bench.send_given(operands.job, operands.activations, words)
        await bench.run()
        # What the flipped word stands for, the hardware computes exactly.
        bench.check()
        assert bench.scoreboard.corrupt_word
        # The host may ask as soon as it has the last result.
        await bench.skip(1)
        status = bench.status()
        assert status["corrupt_word"] == 1, places
        assert status["illegal_code"] == bench.scoreboard.illegal_code
        await bench.clear()
        assert bench.status()["corrupt_word"] == 0
    await _expect_clean(bench, data)
    assert bench.status()["corrupt_word"] == 0
    report({"flipped_words": len(flips)})


@cocotb.test()
async def taken_back(dut: Any) -> None:
    """Take offers back, against the rules: that is noticed, and every result is exact."""
    geometry, settings = _geometry(), parameters()
    rng, data = random.Random(seed()), np.random.default_rng(seed())
    bench = AcceleratorBench(dut, geometry)
    await bench.reset()
    found = 0
    for scenario in range(settings["scenarios"]):
        stream = STREAMS[scenario % 3]
        bench.attach(
            pauses={name: PATTERNS["evenly"](rng) for name in STREAMS},
            take_back={stream: PATTERNS["evenly"](rng)},
        )
        bench.send(JobOperands.random(draw_job(geometry, data), data) for _ in range(3))
        await bench.run()
        bench.check()
        await bench.skip(2)
        assert bench.status()["dropped_valid"] == bool(bench.taken_back)
        found += bench.taken_back
        await bench.clear()
    assert found > settings["scenarios"]
    report({"taken_back": found})


@cocotb.test()
async def stopped_streams(dut: Any) -> None:
    """Each stream stops at a random moment, for good as far as the others know, and resumes."""
    geometry, settings = _geometry(), parameters()
    rng, data = random.Random(seed()), np.random.default_rng(seed())
    bench = AcceleratorBench(dut, geometry)
    await bench.reset()
    for scenario in range(settings["scenarios"]):
        stream = STREAMS[scenario % 4]
        stop = rng.randint(0, 60)
        bench.attach(pauses={stream: _one_stop(stop, 2000)})
        bench.send(JobOperands.random(draw_job(geometry, data), data) for _ in range(6))
        await bench.run()
        bench.check()
        await bench.skip(2)
        assert bench.status()["idle"] == 1
        assert not any(bench.status()[name] for name in ERRORS)


def _one_stop(start: int, length: int) -> Iterator[bool]:
    yield from repeat(False, start)
    yield from repeat(True, length)
    yield from repeat(False)


@cocotb.test()
async def bad_command(dut: Any) -> None:
    """Commands of an impossible size are dropped and remembered; the jobs around them are exact."""
    geometry = _geometry()
    data = np.random.default_rng(seed())
    bench = AcceleratorBench(dut, geometry)
    await bench.reset()
    for values in bad_commands(geometry):
        bench.attach()
        bench.send([JobOperands.random(draw_job(geometry, data), data)])
        bench.send_words("commands", [command_word(geometry, **values)])
        bench.send(JobOperands.random(draw_job(geometry, data), data) for _ in range(2))
        await bench.run()
        bench.check()
        await bench.skip(2)
        assert bench.scoreboard.jobs == 3
        assert bench.scoreboard.bad_command
        assert bench.status()["bad_command"] == 1
        await _expect_clean(bench, data)
        assert bench.status()["bad_command"] == 1
        await bench.clear()
        assert bench.status()["bad_command"] == 0
