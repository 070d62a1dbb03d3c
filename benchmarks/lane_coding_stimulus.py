"""What runs through the parts of a lane coding, and what must come out: the golden sums."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.lane_coding_parts import Coding
from benchmarks.lane_coding_picks import CenteredOffset, SignMagnitude
from bitnet_hw.gates.operands import Operands
from bitnet_hw.gates.shared_operands import shared_bits
from bitnet_hw.gates.stimulus import Stimulus, part_stimulus
from rtl.geometry import Geometry

__all__ = ["corrections", "row_stimulus", "shared_numbers", "shared_stimulus", "steps_of"]

Bits = NDArray[np.bool_]
Small = NDArray[np.int8]


def shared_numbers(geometry: Geometry, coding: Coding, activations: Small) -> Bits:
    """Return what the rows share in each step, [steps, bits]."""
    wide = activations.astype(np.int64)
    if isinstance(coding.lane, SignMagnitude):
        numbers = np.abs(wide) + ((wide < 0) << 8)
    elif isinstance(coding.lane, CenteredOffset):
        centers = _centers(geometry, coding)
        once, twice = ((wide * times + centers) ^ centers for times in (1, 2))
        numbers = once + (twice << 10)
    else:
        return shared_bits(geometry, activations)
    return _bits(numbers[..., None], coding.lane.shared_bits).reshape(len(wide), -1)


def corrections(geometry: Geometry, coding: Coding, activations: Small) -> Bits:
    """Return what takes the activations' sum and the centers off, [steps, bits]."""
    totals = (_centers(geometry, coding) + activations.astype(np.int64)).sum(axis=1)
    return _bits(~totals[:, None], coding.sum_bits(geometry))


def row_stimulus(
    geometry: Geometry, coding: Coding, weights: Small, activations: Small
) -> Stimulus:
    """Return the steps of some rows, weights [rows, steps, lanes] and activations [steps, lanes].

    Operands come through a register, a correction as much later as the tree takes, and the sum
    leaves through one more.
    """
    rows, steps, lanes = weights.shape
    latency = geometry.tree_latency
    codes = np.stack([weights == 1, weights == -1], axis=-1).reshape(rows, steps, 2 * lanes)
    numbers = shared_numbers(geometry, coding, activations)
    inputs = {"shared": np.repeat(numbers[None], rows, axis=0), "weights": codes}
    if coding.corrected:
        late = np.roll(corrections(geometry, coding, activations), latency, axis=0)
        inputs["correction"] = np.repeat(late[None], rows, axis=0)
    sums = (weights.astype(np.int64) * activations).sum(axis=2)
    if coding.summed and not coding.corrected:
        sums += activations.astype(np.int64).sum(axis=1)
    expected = {}
    if coding.carries:
        # The last lane's; of a sign and a magnitude it is there for a negative product.
        carry = weights[:, :, -1] == -1
        if isinstance(coding.lane, SignMagnitude):
            carry = (weights[:, :, -1] != 0) & (carry ^ (activations[:, -1] < 0))
        sums = sums - carry
        expected["carry"] = carry[:, :, None]
    expected["sum"] = _bits(sums[:, :, None], coding.sum_bits(geometry))
    return _delayed(inputs, expected, 2 + latency)


def shared_stimulus(geometry: Geometry, coding: Coding, activations: Small) -> Stimulus:
    """Return the steps of what all rows share: read, held, and on the way to the rows."""
    steps = len(activations)
    inputs = {
        "activations": _bits(activations[..., None], 8).reshape(1, steps, -1),
        "load": np.ones((1, steps, 1), bool),
    }
    expected = {"shared": shared_numbers(geometry, coding, activations)[None]}
    if coding.summed:
        late = np.roll(corrections(geometry, coding, activations), geometry.tree_latency, axis=0)
        expected["correction"] = late[None]
    return _delayed(inputs, expected, 3 + geometry.tree_latency, delay=3)


def steps_of(operands: Operands, lanes: int, tokens: int) -> tuple[Small, Small]:
    """Return weights [rows, steps, lanes] and activations [steps, lanes] of the array's steps."""
    plain = Coding()
    taken = part_stimulus("row", plain.geometry(lanes), operands, tokens=tokens)
    codes = taken.inputs["weights"].reshape(*taken.inputs["weights"].shape[:2], lanes, 2)
    activations = np.packbits(taken.inputs["shared"][0], axis=1, bitorder="little")
    return codes[..., 0].astype(np.int8) - codes[..., 1], activations.view(np.int8)


def _centers(geometry: Geometry, coding: Coding) -> NDArray[np.int64]:
    """Return what stands for 0 in each lane."""
    return np.array([coding.lane.center(lane, geometry.lanes) for lane in range(geometry.lanes)])


def _delayed(
    inputs: dict[str, Bits], expected: dict[str, Bits], skipped: int, delay: int | None = None
) -> Stimulus:
    """Return a stimulus whose outputs come `delay` cycles after its inputs."""
    delay = skipped if delay is None else delay
    steps = next(iter(inputs.values())).shape[1]
    late = {name: np.roll(bits, delay, axis=1) for name, bits in expected.items()}
    return Stimulus(inputs, late, skipped, steps - skipped)


def _bits(numbers: NDArray[Any], width: int) -> Bits:
    """Return the lowest bits of numbers, [..., 1] to [..., width]."""
    return (numbers.astype(np.int64) >> np.arange(width) & 1).astype(bool)
