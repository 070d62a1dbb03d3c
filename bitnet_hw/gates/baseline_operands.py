"""Operands of the multiplier arrays: the ternary array's, in the format of each of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BaselineOperands", "draw_baseline_operands", "quantise"]

Reals = NDArray[np.float32]

_SIZE = 512
"""Inputs, outputs and tokens of the drawn matrices."""


@dataclass(frozen=True, eq=False)
class BaselineOperands:
    """Matrices to multiply.

    Parameters
    ----------
    name : str
        Which.
    source : str
        Where they come from.
    weights : array
        int8 or float16, [n, k].
    activations : array
        Of the same type, [m, k].
    """

    name: str
    source: str
    weights: NDArray[Any]
    activations: NDArray[Any]


def draw_baseline_operands(name: str, number_format: str, seed: int = 1) -> BaselineOperands:
    """Return operands by name, in a number format.

    Parameters
    ----------
    name : str
        ``"digits"``, ``"uniform"`` or ``"relu2"``.
    number_format : str
        ``"int8"``: weights by the largest of the matrix, activations by the largest of the token;
        or ``"fp16"``.
    seed : int
        Of training or drawing.

    Raises
    ------
    ToolMissing
        If PyTorch or scikit-learn is not installed, for the trained ones.
    """
    source, weights, activations = _REALS[name](seed)
    if number_format == "fp16":
        halves = weights.astype(np.float16), activations.astype(np.float16)
        return BaselineOperands(name, f"{source}, in FP16", *halves)
    return BaselineOperands(
        name,
        f"{source}, in INT8 by absmax",
        quantise(weights, np.abs(weights).max()),
        quantise(activations, np.abs(activations).max(axis=1, keepdims=True)),
    )


def quantise(numbers: Reals, largest: NDArray[np.float32] | np.float32) -> NDArray[np.int8]:
    """Return numbers as int8, of which 127 stands for `largest`; zeros stay zeros."""
    scale = 127 / np.where(largest > 0, largest, 1)
    result: NDArray[np.int8] = np.rint(numbers * scale).astype(np.int8)
    return result


def _digits(seed: int) -> tuple[str, Reals, Reals]:
    """Return the largest layer of the digits classifier trained in fp32, with its test images."""
    from bitnet_hw.digits import load_digits_split

    split = load_digits_split()
    import torch
    from torch import nn

    from golden.classifier import train

    network = train(split.train_images, split.train_labels, linear="float", seed=seed)
    layers = {
        name: layer for name, layer in network.named_modules() if isinstance(layer, nn.Linear)
    }
    name, layer = max(layers.items(), key=lambda item: item[1].weight.numel())
    seen: list[Any] = []
    handle = layer.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    with torch.no_grad():
        network(split.test_images)
    handle.remove()
    [activations] = seen
    return (
        f"layer {name} of the digits classifier, trained in fp32, on its test images",
        layer.weight.detach().numpy(),
        activations.numpy(),
    )


def _uniform(seed: int) -> tuple[str, Reals, Reals]:
    rng = np.random.default_rng(seed)
    weights, activations = rng.uniform(-1, 1, (2, _SIZE, _SIZE)).astype(np.float32)
    return "weights and activations alike from -1 to 1", weights, activations


def _relu2(seed: int) -> tuple[str, Reals, Reals]:
    """Return normal weights and the square of what is positive of normal activations."""
    rng = np.random.default_rng(seed)
    weights, normal = rng.standard_normal((2, _SIZE, _SIZE)).astype(np.float32)
    return "normal weights, ReLU^2 of normal activations", weights, np.square(np.maximum(normal, 0))


_REALS: dict[str, Callable[[int], tuple[str, Reals, Reals]]] = {
    "digits": _digits,
    "uniform": _uniform,
    "relu2": _relu2,
}
