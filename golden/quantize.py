"""The two quantisers of BitNet b1.58, and the one division that undoes both.

Formulas: Wang et al., "The Era of 1-bit LLMs: All Large Language Models are in 1.58 Bits" (2024),
section 2, and its "Training Tips, Code and FAQ"; arithmetic, bit for bit, that of ``BitLinear`` in
transformers 5 in fp32. All arithmetic here is fp32, and the order of the roundings is part of the
definition: hardware and software are compared for equality, not for closeness.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["SMALLEST_SCALE", "TernaryWeight", "absmax_int8", "absmean_ternary", "dequantize"]

SMALLEST_SCALE = 1e-5
"""Floor of mean|W| and of max|x| (FAQ code listing, ``clamp_(min=1e-5)``), so that zeros divide."""


@dataclass(frozen=True, eq=False)
class TernaryWeight:
    """A weight matrix of -1, 0 and +1 with one scale for the whole matrix.

    Two opposite conventions for the scale are in use, and a file of one kind read as the other
    loads without complaint and computes nonsense. Both are spelt out here, and neither is called
    just "weight scale":

    ============== ============================ ==================================================
    convention     value                        used by
    ============== ============================ ==================================================
    inverse mean   ``1 / max(mean|W|, 1e-5)``   transformers ``BitLinear``: the output is divided
    mean           ``max(mean|W|, 1e-5)``       transformers ``AutoBitLinear``: it is multiplied
    ============== ============================ ==================================================

    Parameters
    ----------
    ternary : Tensor
        int8, [out_features, in_features], values -1, 0 and +1.
    inverse_mean : Tensor
        fp32, no dimensions, positive and finite: the number by which outputs are *divided*.

    Raises
    ------
    TypeError
        If a tensor has another dtype or another number of dimensions.
    ValueError
        If a weight is not ternary, or the scale is not positive and finite.
    """

    ternary: Tensor
    inverse_mean: Tensor

    def __post_init__(self) -> None:
        if self.ternary.dtype != torch.int8 or self.ternary.dim() != 2:
            raise TypeError(
                "ternary must be int8 with 2 dimensions, "
                f"not {self.ternary.dtype} with {self.ternary.dim()}"
            )
        if self.inverse_mean.dtype != torch.float32 or self.inverse_mean.dim() != 0:
            raise TypeError(
                "inverse_mean must be float32 with 0 dimensions, "
                f"not {self.inverse_mean.dtype} with {self.inverse_mean.dim()}"
            )
        low, high = (int(bound) for bound in torch.aminmax(self.ternary))
        if low < -1 or high > 1:
            raise ValueError(f"ternary must be -1, 0 or +1, not from {low} to {high}")
        scale = float(self.inverse_mean)
        if not 0 < scale < float("inf"):
            raise ValueError(f"inverse_mean must be positive and finite, not {scale!r}")

    @classmethod
    def from_mean(cls, ternary: Tensor, mean: Tensor) -> "TernaryWeight":
        """Return a weight whose scale is stored as the mean, as ``AutoBitLinear`` does.

        The reciprocal is rounded to fp32, so `mean` comes back from `mean` within 1 ulp, not always
        bit for bit.
        """
        return cls(ternary, mean.reciprocal())

    @property
    def mean(self) -> Tensor:
        """The number by which the other convention *multiplies* outputs; fp32, no dimensions."""
        return self.inverse_mean.reciprocal()

    def dequantized(self) -> Tensor:
        """Return the weights as numbers, ``ternary / inverse_mean``; fp32, [out, in]."""
        return self.ternary.to(torch.float32) / self.inverse_mean


def absmean_ternary(weight: Tensor) -> TernaryWeight:
    """Quantise a weight matrix to -1, 0 and +1 by its mean absolute value.

    ``s = 1 / max(mean|W|, 1e-5)`` over the whole matrix, ``T = clip(rint(W * s), -1, 1)``; ``rint``
    rounds half to even, so a weight of exactly half the mean becomes 0.

    Parameters
    ----------
    weight : Tensor
        float32, bfloat16 or float16, [out_features, in_features], not empty. The narrow types are
        widened first, which is exact: quantising a bfloat16 matrix in bfloat16 arithmetic flips
        some ternary values.

    Returns
    -------
    TernaryWeight
        On the device of `weight`, without gradient.

    Raises
    ------
    TypeError
        If `weight` has another dtype or is not a matrix.
    ValueError
        If `weight` is empty, or its mean absolute value is not finite.
    """
    if weight.dtype not in (torch.float32, torch.bfloat16, torch.float16):
        raise TypeError(f"weight must be float32, bfloat16 or float16, not {weight.dtype}")
    if weight.dim() != 2:
        raise TypeError(f"weight must have 2 dimensions, not {weight.dim()}")
    if weight.numel() == 0:
        raise ValueError(f"weight must not be empty, not {list(weight.shape)}")
    wide = weight.detach().to(torch.float32)
    mean = wide.abs().mean()
    if not torch.isfinite(mean):
        raise ValueError(f"The mean of |weight| must be finite, not {float(mean)!r}")
    inverse_mean = mean.clamp(min=SMALLEST_SCALE).reciprocal()
    ternary = (wide * inverse_mean).round().clamp(-1, 1).to(torch.int8)
    return TernaryWeight(ternary, inverse_mean)


def absmax_int8(x: Tensor) -> tuple[Tensor, Tensor]:
    """Quantise each token (last dimension) to int8 by its largest absolute value.

    ``s_x = rcp(max(max|x|, 1e-5)) * 127``, ``q = clip(rint(x * s_x), -128, 127)``, ``rint`` half to
    even. The scale is rounded twice, after the reciprocal and after the product: that is how
    PyTorch evaluates ``127 / tensor``. One true division differs by 1 ulp for a quarter of all
    inputs, and then now and then by one in a quantised value.

    Parameters
    ----------
    x : Tensor
        float32, [..., in_features]. Other types are refused rather than widened: in bfloat16 the
        scale and the product round differently in eager and in compiled PyTorch, so the int8 values
        are defined in fp32 only, and the caller has to say where it changes type.

    Returns
    -------
    q : Tensor
        int8, [..., in_features]. A token of zeros gives zeros; -128 does not occur in practice,
        because ``x * s_x`` stays within 1 ulp of 127.
    scale : Tensor
        fp32, [..., 1]: `q` divided by it approximates `x`.

    Raises
    ------
    TypeError
        If `x` is not float32.
    ValueError
        If the last dimension is missing or empty, or a value is not finite.
    """
    if x.dtype != torch.float32:
        raise TypeError(f"x must be float32, not {x.dtype}")
    if x.dim() == 0 or x.shape[-1] == 0:
        raise ValueError(f"x must have at least one feature, not shape {list(x.shape)}")
    x = x.detach()
    largest = x.abs().amax(dim=-1, keepdim=True)
    if not torch.isfinite(largest).all():
        raise ValueError("x must be finite, not inf or nan")
    scale = largest.clamp(min=SMALLEST_SCALE).reciprocal() * 127
    return (x * scale).round().clamp(-128, 127).to(torch.int8), scale


def dequantize(accumulators: Tensor, inverse_mean: Tensor, activation_scale: Tensor) -> Tensor:
    """Turn integer sums into outputs: ``acc / (inverse_mean * activation_scale)``.

    One product and one division, in this order; dividing twice is 1 ulp off in a fifth of the
    outputs and more.

    Parameters
    ----------
    accumulators : Tensor
        int32, [..., out_features]. The conversion to fp32 is exact up to 2**24 in magnitude, which
        131072 inputs cannot exceed.
    inverse_mean : Tensor
        fp32, no dimensions: scale of the weights (`TernaryWeight.inverse_mean`).
    activation_scale : Tensor
        fp32, [..., 1]: scale of the activations (second result of `absmax_int8`).

    Returns
    -------
    Tensor
        fp32, [..., out_features].
    """
    return accumulators.to(torch.float32) / (inverse_mean * activation_scale)
