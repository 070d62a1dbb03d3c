"""What flipped bits in packed weights do to trained networks, by the share of bits that flip."""

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bitnet_hw.digits import load_digits_split
from bitnet_hw.language_model import load_language_model
from examples.byte_language_model import logits_of, standard_library
from golden.classifier import accuracy, train
from golden.language_model import bits_per_byte
from golden.matmul import ternary_matmul
from golden.network import freeze, set_matmul
from rtl.geometry import Geometry
from sim.packing import pack_weights, unpack_weights
from sim.weight_check import corrupt

__all__ = ["Effect", "FlippedWeights", "Score", "digits_score", "language_score", "measure_effects"]

_VALIDATION_BYTES = 1 << 13


@dataclass(frozen=True)
class Effect:
    """How good a network is while bits of its weight stream flip.

    Attributes
    ----------
    network, encoding, check : str
        Which network, and the array's encoding and check.
    bit_error_rate : float
        Share of bits that flip, each by itself.
    score : float
        Of the network with the weights that the array decodes: share of right digits, or bits per
        byte.
    flipped_words, noticed_words, words : int
        Words with at least one flipped bit, those that do not match their check bits, and all.
    """

    network: str
    encoding: str
    check: str
    bit_error_rate: float
    score: float
    flipped_words: int
    noticed_words: int
    words: int


@dataclass(frozen=True, eq=False)
class Score:
    """A network with frozen ternary layers, and what it is judged by."""

    name: str
    network: nn.Module
    score: Callable[[], float]


class FlippedWeights:
    """Multiplies with the weights that an array decodes from a stream with flipped bits.

    Each matrix is packed, flipped and unpacked once. A word that does not match its check bits is
    read again until it does: it keeps its weights.

    Parameters
    ----------
    geometry : Geometry
        The array.
    bit_error_rate : float
        Share of bits that flip.
    seed : int
        Of the flips.
    """

    def __init__(self, geometry: Geometry, bit_error_rate: float, seed: int) -> None:
        self.flipped_words = self.noticed_words = self.words = 0
        self._geometry = geometry
        self._rate = bit_error_rate
        self._rng = np.random.default_rng(seed)
        self._known: dict[int, tuple[weakref.ref[Tensor], Tensor]] = {}

    def __call__(self, q: Tensor, ternary: Tensor) -> Tensor:
        """Return the product, int32 [M, N]."""
        owner, weights = self._known.get(id(ternary), (None, None))
        if owner is None or owner() is not ternary or weights is None:
            weights = torch.from_numpy(self._flip(ternary.numpy()))
            self._known[id(ternary)] = weakref.ref(ternary), weights
        return ternary_matmul(q, weights)

    def _flip(self, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        geometry = self._geometry
        words = pack_weights(geometry, weights)
        bits = 8 * words.size
        # As many as flip, each bit by itself.
        count = self._rng.binomial(bits, self._rate)
        places = self._rng.choice(bits, count, replace=False)
        flips = np.zeros(words.size, np.uint8)
        np.bitwise_xor.at(flips, places // 8, (1 << places % 8).astype(np.uint8))
        found = words ^ flips.reshape(words.shape)
        noticed = corrupt(geometry, found)
        self.words += len(words)
        self.flipped_words += int((found != words).any(axis=1).sum())
        self.noticed_words += int(noticed.sum())
        found[noticed] = words[noticed]
        decoded, _ = unpack_weights(geometry, found, *weights.shape)
        return decoded


def digits_score(seed: int = 0) -> Score:
    """Return the ternary digits classifier and its share of right test images."""
    split = load_digits_split()
    network = freeze(train(split.train_images, split.train_labels, linear="ternary", seed=seed))
    return Score("digits", network, lambda: accuracy(network, split.test_images, split.test_labels))


def language_score(checkpoint: Path) -> Score:
    """Return a byte-level language model and its bits for each byte of 8 KiB it was not taught."""
    model = load_language_model(checkpoint)
    text = standard_library().validation[:_VALIDATION_BYTES]
    context = min(model.context - 1, 255)
    logits = logits_of(model.network)
    return Score("language", model.network, lambda: bits_per_byte(logits, text, context=context))


def measure_effects(
    score: Score, geometry: Geometry, rates: Sequence[float], seeds: Sequence[int]
) -> list[Effect]:
    """Return how good a network is at each bit error rate, for each seed of the flips."""
    effects = []
    for rate in rates:
        for seed in seeds:
            flips = FlippedWeights(geometry, rate, seed)
            set_matmul(score.network, flips)
            effects.append(
                Effect(
                    network=score.name,
                    encoding=geometry.weight_encoding,
                    check=geometry.weight_check,
                    bit_error_rate=rate,
                    score=score.score(),
                    flipped_words=flips.flipped_words,
                    noticed_words=flips.noticed_words,
                    words=flips.words,
                )
            )
    return effects
