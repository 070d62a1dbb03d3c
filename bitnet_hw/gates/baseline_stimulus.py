"""What arrives at the parts of an array of multipliers, and what their outputs must then be."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.gates.array_design import ArrayDesign
from bitnet_hw.gates.baseline_operands import BaselineOperands
from bitnet_hw.gates.baseline_parts import (
    BASELINES,
    baseline_parts,
    baseline_row,
    words_per_tile,
)
from bitnet_hw.gates.stimulus import Bits, Stimulus
from rtl.geometry import Geometry

if TYPE_CHECKING:
    from rtl.baseline_modules import BaselineRow

__all__ = ["baseline_design", "baseline_stimulus", "dot_products"]

_STEPS = 512
"""Steps of each run, as for the ternary array."""

_ROWS = 4
"""Rows of the weights that run through the row, one after the other."""


def baseline_design(geometry: Geometry, number_format: str) -> ArrayDesign:
    """Return an array of multipliers; it takes `BaselineOperands` of its number format."""
    row = baseline_row(geometry, number_format)

    def stimulus(part: str, operands: Any, tokens: int) -> Stimulus:
        return baseline_stimulus(part, geometry, row, operands, tokens=tokens)

    return ArrayDesign(number_format, baseline_parts(geometry, number_format, row), stimulus)


def baseline_stimulus(
    part: str,
    geometry: Geometry,
    row: "BaselineRow",
    operands: BaselineOperands,
    *,
    tokens: int,
    steps: int = _STEPS,
) -> Stimulus:
    """Return the stimulus of a part of an array that multiplies without a pause.

    Parameters
    ----------
    part : str
        Name of the part.
    geometry : Geometry
        Sizes of the array.
    row : BaselineRow
        Its row.
    operands : BaselineOperands
        The matrices; repeated if they are smaller than the array.
    tokens : int
        Steps for which a tile of weights stays.
    steps : int
        Steps to count.
    """
    taken = _take_steps(geometry, row, operands, tokens, steps)
    if part == "row":
        return _row(taken, row, tokens)
    if part == "activations":
        word = _bits(taken.activations)[None]
        load = np.ones((1, steps, 1), bool)
        return Stimulus(
            inputs={"load": load, "word": word},
            expected={"kept": np.roll(word, 1, axis=1)},
            skipped=2,
            steps=steps - 2,
        )
    return _weights(part, geometry, taken, tokens)


@dataclass(frozen=True, eq=False)
class _Steps:
    """Operands step by step: weights [steps, rows, lanes], activations [steps, lanes]."""

    weights: NDArray[Any]
    activations: NDArray[Any]
    partial: NDArray[np.int64]
    first: Bits


def _take_steps(
    geometry: Geometry, row: "BaselineRow", operands: BaselineOperands, tokens: int, steps: int
) -> _Steps:
    """Return successive steps: output tile by output tile, K tile by K tile, token by token."""
    lanes = geometry.lanes
    m, k = operands.activations.shape
    k_tiles = max(1, k // lanes)
    step = np.arange(steps)
    tile, token = step // tokens, step % tokens
    k_tile, n_tile = tile % k_tiles, tile // k_tiles
    columns = (k_tile[:, None] * lanes + np.arange(lanes)) % k
    rows = (n_tile[:, None] * _ROWS + np.arange(_ROWS)) % operands.weights.shape[0]
    # Another group of tokens with every output tile, so that a long run sees many.
    chosen = (n_tile * tokens + token) % m
    # So many K tiles go by before the sum of one can be added to.
    turns = -(-row.step_interval // tokens)
    return _Steps(
        weights=operands.weights[rows[:, :, None], columns[:, None, :]],
        activations=operands.activations[chosen[:, None], columns],
        partial=token + tokens * (k_tile % turns),
        first=k_tile < turns,
    )


def dot_products(weights: NDArray[Any], activations: NDArray[Any]) -> NDArray[Any]:
    """Return sums of products over the last axis, in int64 or, each one rounded, in FP16.

    In FP16, neighbours are added first, then neighbouring sums; an odd one at the end goes on.
    """
    if weights.dtype != np.float16:
        return np.asarray((weights.astype(np.int64) * activations).sum(axis=-1))
    with np.errstate(all="ignore"):
        sums = weights * activations
        while sums.shape[-1] > 1:
            pairs = sums.shape[-1] // 2 * 2
            added = sums[..., :pairs:2] + sums[..., 1:pairs:2]
            sums = np.concatenate([added, sums[..., pairs:]], axis=-1)
    return np.asarray(sums[..., 0])


def _row(taken: _Steps, row: "BaselineRow", tokens: int) -> Stimulus:
    """Return runs of one row each; the first steps of a run start from zero."""
    sums = dot_products(taken.weights, taken.activations[:, None, :])
    steps = len(sums)
    totals = np.zeros_like(sums)
    kept = np.zeros((row.sums, _ROWS), sums.dtype)
    with np.errstate(all="ignore"):
        for step, partial in enumerate(taken.partial):
            before = np.zeros_like(kept[partial]) if taken.first[step] else kept[partial]
            kept[partial] = totals[step] = before + sums[step]
    baseline = BASELINES["fp16" if sums.dtype == np.float16 else "int8"]
    # Operands enter through one register; control meets the sum behind the tree.
    behind = 1 + row.dot_latency
    shown = behind + row.step_interval - 1
    valid, first = (np.zeros((_ROWS, steps, 1), bool) for _ in range(2))
    valid[:, behind:] = True
    first[:, behind:, 0] = taken.first[: steps - behind]
    token = np.zeros((_ROWS, steps, row.token_bits), bool)
    numbers = taken.partial[: steps - behind, None]
    token[:, behind:] = (numbers >> np.arange(row.token_bits) & 1).astype(bool)
    total = np.zeros((_ROWS, steps, baseline.result_bits), bool)
    counted = totals[: steps - shown].T[:, :, None]
    total[:, shown:] = _bits(counted if sums.dtype == np.float16 else counted.astype(np.int32))
    skipped = shown + tokens
    return Stimulus(
        inputs={
            "activations": np.repeat(_bits(taken.activations)[None], _ROWS, axis=0),
            "weights": _bits(taken.weights).swapaxes(0, 1),
            "valid": valid,
            "first": first,
            "token": token,
        },
        expected={"total": total},
        skipped=skipped,
        steps=steps - skipped,
    )


def _weights(part: str, geometry: Geometry, taken: _Steps, tokens: int) -> Stimulus:
    """Return the words of a row: each in one cycle, the last one until it is taken.

    The bus shows the words of other rows in between, and the last word for the rest of the time.
    """
    words = words_per_tile(geometry)
    period = max(tokens, words)
    # One tile for every tile of the steps; all rows of the four in turn make the words of others.
    tiles = len(taken.weights) // tokens
    weights = _bits(taken.weights[::tokens][:tiles])
    cycles = tiles * period
    shown = np.minimum(np.arange(period), words - 1)
    word = weights[:, shown % _ROWS].reshape(1, cycles, -1)
    load = np.zeros((1, cycles, 1), bool)
    load[0, period - 1 :: period] = True
    gather = np.zeros_like(load)
    gather[0, ::period] = True
    own = 0 if part == "gathered" else (words - 1) % _ROWS
    kept = np.repeat(weights[:, own], period, axis=0)[None]
    inputs = {"load": load, "word": word}
    if part == "gathered":
        inputs["gather"] = gather
    return Stimulus(
        inputs=inputs,
        expected={"kept": np.roll(kept, period, axis=1)},
        skipped=period,
        steps=(tiles - 1) * tokens,
    )


def _bits(numbers: NDArray[Any]) -> Bits:
    """Return the bits of numbers, lowest first: [..., n] to [..., n x width]."""
    data = np.ascontiguousarray(numbers).view(np.uint8)
    return np.unpackbits(data, axis=-1, bitorder="little").astype(bool)
