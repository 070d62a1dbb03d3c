"""What arrives at the inputs of a part cycle by cycle, and what its outputs must then be."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.gates.operands import Operands
from bitnet_hw.gates.shared_operands import shared_bits
from rtl.geometry import Geometry
from rtl.trit import pack_word

__all__ = ["Stimulus", "part_stimulus"]

Bits = NDArray[np.bool_]

_STEPS = 512
"""Steps of each run, after the first ones that fill the pipeline."""

_ROWS = 4
"""Rows of the weights that run through the row, one after the other."""


@dataclass(frozen=True, eq=False)
class Stimulus:
    """Independent runs of the same length.

    Attributes
    ----------
    inputs : dict
        Bits of each input port, [runs, cycles, bits].
    expected : dict
        Bits of output ports, [runs, cycles, bits].
    skipped : int
        Cycles at the start of each run in which nothing is counted and nothing expected.
    steps : float
        Steps of the array in a run's counted cycles.
    """

    inputs: dict[str, Bits]
    expected: dict[str, Bits] = field(default_factory=dict)
    skipped: int = 0
    steps: float = 0

    @property
    def cycles(self) -> int:
        """Cycles of a run."""
        return int(next(iter(self.inputs.values())).shape[1])


@dataclass(frozen=True, eq=False)
class _Steps:
    """Operands step by step: weights [steps, rows, lanes], activations [steps, lanes], tokens."""

    weights: NDArray[np.int8]
    activations: NDArray[np.int8]
    token: NDArray[np.int64]
    first: Bits


def part_stimulus(
    part: str, geometry: Geometry, operands: Operands, *, tokens: int, steps: int = _STEPS
) -> Stimulus:
    """Return the stimulus of a part of an array that multiplies matrices.

    The array works without a pause: one step a cycle, a new tile of weights every `tokens` steps.

    Parameters
    ----------
    part : str
        Name of the part.
    geometry : Geometry
        The array.
    operands : Operands
        The matrices; repeated if they are smaller than the array.
    tokens : int
        Token vectors for which a tile is used.
    steps : int
        Steps to count.
    """
    if part == "row":
        return _row(geometry, operands, tokens, steps)
    if part == "loader":
        return _loader(geometry, operands, tokens, steps)
    taken = _take_steps(geometry, operands, tokens, steps, rows=1)
    word = _bits(taken.activations.view(np.uint8), 8)[None]
    # One cycle to read the store, one to prepare.
    expected = np.roll(shared_bits(geometry, taken.activations)[None], 2, axis=1)
    return Stimulus(
        inputs={"activations": word, "load": np.ones((1, steps, 1), bool)},
        expected={"shared": expected},
        skipped=2,
        steps=steps - 2,
    )


def _take_steps(
    geometry: Geometry, operands: Operands, tokens: int, steps: int, *, rows: int
) -> _Steps:
    """Return the operands of successive steps: output tile by output tile, K tile by K tile."""
    lanes = geometry.lanes
    m, k = operands.activations.shape
    k_tiles = max(1, k // lanes)
    step = np.arange(steps)
    tile, token = step // tokens, step % tokens
    k_tile, n_tile = tile % k_tiles, tile // k_tiles
    columns = (k_tile[:, None] * lanes + np.arange(lanes)) % k
    row = (n_tile[:, None] * rows + np.arange(rows)) % operands.weights.shape[0]
    # Another group of tokens with every output tile, so that a long run sees many.
    chosen = (n_tile * tokens + token) % m
    return _Steps(
        weights=operands.weights[row[:, :, None], columns[:, None, :]],
        activations=operands.activations[chosen[:, None], columns],
        token=token,
        first=k_tile == 0,
    )


def _row(geometry: Geometry, operands: Operands, tokens: int, steps: int) -> Stimulus:
    """Return runs of one row each; the first step of a run starts from zero."""
    taken = _take_steps(geometry, operands, tokens, steps, rows=_ROWS)
    codes = _codes(taken.weights).reshape(steps, _ROWS, -1).swapaxes(0, 1)
    products = taken.weights.astype(np.int64) * taken.activations[:, None, :]
    sums = products.sum(axis=2).T
    totals = np.zeros_like(sums)
    partial = np.zeros((_ROWS, tokens), np.int64)
    for step, token in enumerate(taken.token):
        kept = 0 if taken.first[step] else partial[:, token]
        partial[:, token] = totals[:, step] = kept + sums[:, step]
    # Operands enter through one register; control meets the sum behind the tree.
    behind = 1 + geometry.tree_latency
    control = np.zeros((_ROWS, steps, 2 + geometry.token_bits), bool)
    control[:, behind:, 0] = True
    control[:, behind:, 1] = taken.first[: steps - behind]
    control[:, behind:, 2:] = _bits(taken.token[: steps - behind, None], geometry.token_bits)
    total = np.zeros((_ROWS, steps), np.int64)
    total[:, behind:] = totals[:, : steps - behind]
    skipped = behind + tokens
    return Stimulus(
        inputs={
            "shared": np.repeat(shared_bits(geometry, taken.activations)[None], _ROWS, axis=0),
            "weights": codes,
            "valid": control[:, :, :1],
            "first": control[:, :, 1:2],
            "token": control[:, :, 2:],
        },
        expected={"total": _bits(total[:, :, None], geometry.accumulator_bits)},
        skipped=skipped,
        steps=steps - skipped,
    )


def _loader(geometry: Geometry, operands: Operands, tokens: int, steps: int) -> Stimulus:
    """Return one run: the words of a tile one after the other, the last one until it is taken."""
    words = geometry.words_per_tile
    period = max(tokens, words)
    tiles = -(-steps // period)
    taken = _take_steps(geometry, operands, 1, tiles, rows=geometry.rows)
    weights = taken.weights.reshape(tiles, -1)
    cycles = tiles * period
    payload = np.zeros((1, cycles, geometry.weight_bus_bits), bool)
    for tile in range(tiles):
        for word in range(words):
            chunk = weights[tile, word * geometry.word_trits : (word + 1) * geometry.word_trits]
            packed = pack_word(
                chunk.tolist(),
                encoding=geometry.weight_encoding,
                bits=geometry.weight_bus_bits,
            )
            begin = tile * period + word
            end = begin + 1 if word < words - 1 else (tile + 1) * period
            data = np.frombuffer(packed.to_bytes(geometry.weight_bus_bits // 8, "little"), np.uint8)
            payload[0, begin:end] = np.unpackbits(data, bitorder="little")
    take = np.zeros((1, cycles, 1), bool)
    take[0, period - 1 :: period] = True
    shown = np.repeat(_codes(taken.weights).reshape(tiles, -1), period, axis=0)[None]
    return Stimulus(
        inputs={
            "weights__payload": payload,
            "weights__valid": np.ones_like(take),
            "take": take,
        },
        expected={"tile": np.roll(shown, period, axis=1)},
        skipped=period,
        steps=(tiles - 1) * tokens,
    )


def _codes(weights: NDArray[np.int8]) -> Bits:
    """Return the two-bit codes of weights: bit 0 for +1, bit 1 for -1, as a last axis."""
    return np.stack([weights == 1, weights == -1], axis=-1)


def _bits(values: NDArray[np.generic], width: int) -> Bits:
    """Return the lowest bits of whole numbers: [..., numbers] to [..., numbers x width]."""
    wide = values.astype(np.int64)[..., None] >> np.arange(width)
    return (wide & 1).astype(bool).reshape(*values.shape[:-1], -1)
