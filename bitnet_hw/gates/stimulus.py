"""What arrives at the inputs of a part cycle by cycle, and what its outputs must then be."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.gates.operands import Operands
from bitnet_hw.gates.shared_operands import shared_bits
from rtl.geometry import Geometry
from rtl.trit import pack_word
from sim.weight_check import checked

__all__ = ["Stimulus", "part_stimulus"]

Bits = NDArray[np.bool_]

_STEPS = 512
"""Steps of each run, after the first ones that fill the pipeline."""

# So few flips change nothing of what the check takes.
_WORDS_FOR_A_FLIP, _STRIDE = 16, 1237

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
    if part == "check":
        return _check(geometry, operands, tokens, steps)
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


@dataclass(frozen=True, eq=False)
class _Words:
    """The weight stream: words one after the other, the last of a tile until the tile is taken."""

    weights: NDArray[np.int8]  # [tiles, rows x lanes]
    payload: Bits  # [cycles, bus bits]
    taken: NDArray[np.int64]  # the cycle in which each word is taken
    period: int  # cycles of a tile


def _take_words(geometry: Geometry, operands: Operands, tokens: int, steps: int) -> _Words:
    words, capacity = geometry.words_per_tile, geometry.word_trits
    period = max(tokens, words)
    tiles = -(-steps // period)
    taken = _take_steps(geometry, operands, 1, tiles, rows=geometry.rows)
    weights = taken.weights.reshape(tiles, -1)
    packed = [
        pack_word(
            tile[start : start + capacity].tolist(),
            encoding=geometry.weight_encoding,
            bits=8 * geometry.data_bytes,
        ).to_bytes(geometry.data_bytes, "little")
        for tile in weights
        for start in range(0, words * capacity, capacity)
    ]
    data = np.frombuffer(b"".join(packed), np.uint8).reshape(len(packed), -1)
    bits = np.unpackbits(checked(geometry, data), axis=1, bitorder="little").astype(bool)
    # All words of a tile but the last stay for one cycle.
    ends = np.arange(words)
    ends[-1] = period - 1
    ends = (np.arange(tiles)[:, None] * period + ends).ravel()
    return _Words(weights, np.repeat(bits, np.diff(ends, prepend=-1), axis=0), ends, period)


def _loader(geometry: Geometry, operands: Operands, tokens: int, steps: int) -> Stimulus:
    """Return one run of the weight stream."""
    words = _take_words(geometry, operands, tokens, steps)
    tiles, period = len(words.weights), words.period
    take = np.zeros((1, tiles * period, 1), bool)
    take[0, period - 1 :: period] = True
    shown = np.repeat(_codes(words.weights).reshape(tiles, -1), period, axis=0)[None]
    return Stimulus(
        inputs={
            "weights__payload": words.payload[None],
            "weights__valid": np.ones_like(take),
            "take": take,
        },
        expected={"tile": np.roll(shown, period, axis=1)},
        skipped=period,
        steps=(tiles - 1) * tokens,
    )


def _check(geometry: Geometry, operands: Operands, tokens: int, steps: int) -> Stimulus:
    """Return one run of the weight stream in which a few words have one flipped bit."""
    words = _take_words(geometry, operands, tokens, steps)
    payload = words.payload.copy()
    accepted = np.zeros((1, len(payload), 1), bool)
    accepted[0, words.taken] = True
    corrupt = np.zeros_like(accepted)
    for place in words.taken[::_WORDS_FOR_A_FLIP]:
        payload[place, place * _STRIDE % payload.shape[1]] ^= True
        corrupt[0, place] = True
    return Stimulus(
        inputs={"word": payload[None], "accepted": accepted},
        expected={"corrupt": np.roll(corrupt, 1, axis=1)},
        skipped=words.period,
        steps=(len(words.weights) - 1) * tokens,
    )


def _codes(weights: NDArray[np.int8]) -> Bits:
    """Return the two-bit codes of weights: bit 0 for +1, bit 1 for -1, as a last axis."""
    return np.stack([weights == 1, weights == -1], axis=-1)


def _bits(values: NDArray[np.generic], width: int) -> Bits:
    """Return the lowest bits of whole numbers: [..., numbers] to [..., numbers x width]."""
    wide = values.astype(np.int64)[..., None] >> np.arange(width)
    return (wide & 1).astype(bool).reshape(*values.shape[:-1], -1)
