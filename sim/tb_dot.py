"""cocotb tests of one dot product behind its operand registers, a new pair in every cycle.

Parameters of the run, read from its JSON file: `geometry`, `latency` in cycles, and for
`random_vectors` the number of `vectors`.
"""

import itertools
from collections import deque
from collections.abc import Iterable
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from numpy.typing import NDArray

from rtl.geometry import Geometry
from rtl.trit import TRIT_CODES
from sim.accelerator_bench import golden_reference
from sim.bench import parameters, report, seed

_EXTREMES = (-128, -127, -1, 0, 1, 127)


def _geometry() -> Geometry:
    return Geometry(**parameters()["geometry"])


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


async def _check(dut: Any, blocks: Iterable[tuple[NDArray[np.int8], NDArray[np.int8]]]) -> int:
    """Send each row of weights with each row of activations of its block, and check all sums."""
    geometry, latency = _geometry(), int(parameters()["latency"])
    Clock(dut.clk, 10, unit="ns").start(start_high=False)
    dut.rst.value = 0
    # Cycle in which a sum is due, and the sum.
    expected: deque[tuple[int, int]] = deque()
    cycle = checked = 0

    async def step() -> None:
        nonlocal cycle, checked
        await RisingEdge(dut.clk)
        if expected and expected[0][0] == cycle:
            _, wanted = expected.popleft()
            value = _signed(int(dut["sum"].value), geometry.sum_bits) + int(dut.carry.value)
            assert value == wanted, f"vector {checked}: expected {wanted}, got {value}"
            checked += 1
        cycle += 1

    for activations, weights in blocks:
        products = golden_reference(activations, weights)
        words = [int.from_bytes(row.tobytes(), "little") for row in activations]
        codes = [
            sum(TRIT_CODES[weight] << 2 * lane for lane, weight in enumerate(row))
            for row in weights.tolist()
        ]
        for number, code in enumerate(codes):
            dut.weights.value = code
            for word, product in zip(words, products[:, number].tolist(), strict=True):
                dut.activations.value = word
                expected.append((cycle + latency, product))
                await step()
    while expected:
        await step()
    return checked


@cocotb.test()
async def exhaustive(dut: Any) -> None:
    """All weights with all combinations of extreme activations."""
    lanes = _geometry().lanes
    activations = np.array(list(itertools.product(_EXTREMES, repeat=lanes)), np.int8)
    weights = np.array(list(itertools.product((-1, 0, 1), repeat=lanes)), np.int8)
    checked = await _check(dut, [(activations, weights)])
    assert checked == len(activations) * len(weights)
    report({"exhaustive": checked})


@cocotb.test()
async def extremes(dut: Any) -> None:
    """Largest and smallest sums: all activations at one end, all weights -1 or all +1."""
    lanes = _geometry().lanes
    activations = np.repeat(np.array([[-128], [127]], np.int8), lanes, axis=1)
    weights = np.repeat(np.array([[-1], [1]], np.int8), lanes, axis=1)
    # Also with one lane apart from the others: the carries then differ.
    one_off = np.tile(weights[0], (lanes, 1))
    np.fill_diagonal(one_off, 1)
    alternating = np.where(np.arange(lanes) % 2, -128, 127).astype(np.int8)[None, :]
    weights = np.concatenate([weights, one_off, -one_off])
    checked = await _check(dut, [(np.concatenate([activations, alternating]), weights)])
    assert checked == 3 * len(weights)
    report({"extremes": checked})


@cocotb.test()
async def random_vectors(dut: Any) -> None:
    """Arbitrary operands, weights and activations changing together."""
    lanes, count = _geometry().lanes, int(parameters()["vectors"])
    rng = np.random.default_rng(seed())
    checked = await _check(
        dut,
        (
            (
                rng.integers(-128, 128, (1, lanes), np.int8),
                rng.integers(-1, 2, (1, lanes), np.int8),
            )
            for _ in range(count)
        ),
    )
    assert checked == count
    report({"random_vectors": checked})
