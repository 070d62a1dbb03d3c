"""Operands with which activity is measured: trained ones, uniform ones, and those after ReLU^2."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["OPERANDS", "Operands", "draw_operands"]

Matrix = NDArray[np.int8]

_SIZE = 512
"""Inputs, outputs and tokens of the drawn matrices."""


@dataclass(frozen=True, eq=False)
class Operands:
    """Matrices to multiply.

    Parameters
    ----------
    name : str
        Which.
    source : str
        Where they come from.
    weights : array
        int8, [n, k], values -1, 0 and +1.
    activations : array
        int8, [m, k].
    """

    name: str
    source: str
    weights: Matrix
    activations: Matrix


def draw_operands(name: str, seed: int = 1) -> Operands:
    """Return operands by name.

    Parameters
    ----------
    name : str
        One of `OPERANDS`.
    seed : int
        Of training or drawing.

    Raises
    ------
    ToolMissing
        If PyTorch or scikit-learn is not installed, for the trained ones.
    """
    return OPERANDS[name](seed)


def _digits(seed: int) -> Operands:
    """Return the largest layer of the digits classifier, with its test images."""
    from bitnet_hw.digits import load_digits_split

    split = load_digits_split()
    from golden.classifier import train
    from golden.network import freeze, trace

    frozen = freeze(train(split.train_images, split.train_labels, linear="ternary", seed=seed))
    _, calls = trace(frozen, split.test_images)
    call = max(calls, key=lambda call: call.ternary.numel())
    return Operands(
        name="digits",
        source=f"layer {call.name} of the digits classifier, trained, on its test images",
        weights=call.ternary.numpy().astype(np.int8),
        activations=call.activations.numpy().astype(np.int8),
    )


def _uniform(seed: int) -> Operands:
    rng = np.random.default_rng(seed)
    return Operands(
        name="uniform",
        source="weights -1, 0 and +1 alike, activations from -128 to 127 alike",
        weights=rng.integers(-1, 2, (_SIZE, _SIZE), np.int8),
        activations=rng.integers(-128, 128, (_SIZE, _SIZE), np.int8),
    )


def _relu2(seed: int) -> Operands:
    """Return normal weights and the square of what is positive of normal activations.

    Quantised as BitNet b1.58 does (``golden.quantize``): weights by their mean magnitude,
    activations of a token by the largest.
    """
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((_SIZE, _SIZE))
    squares = np.square(np.maximum(rng.standard_normal((_SIZE, _SIZE)), 0))
    scaled = squares * (127 / squares.max(axis=1, keepdims=True))
    return Operands(
        name="relu2",
        source="normal weights by absmean, ReLU^2 of normal activations by absmax",
        weights=np.clip(np.rint(weights / np.abs(weights).mean()), -1, 1).astype(np.int8),
        activations=np.rint(scaled).astype(np.int8),
    )


OPERANDS: dict[str, Callable[[int], Operands]] = {
    "digits": _digits,
    "uniform": _uniform,
    "relu2": _relu2,
}
"""What draws the operands of each name."""
