"""The exact integer matrix product that the hardware is compared with."""

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["MAX_INPUTS", "check_operands", "ternary_matmul"]

MAX_INPUTS = (1 << 24) - 1
"""Largest K whose sums fit int32: ``128 * K < 2**31``."""

_EXACT_INPUTS = 1 << 17
"""K up to which fp32 adds int8 products exactly: every partial sum is at most 128 * K = 2**24."""


def ternary_matmul(q: Tensor, ternary: Tensor) -> Tensor:
    """Multiply int8 activations by ternary weights, exactly.

    The sums are formed by a float32 matrix product, on a CPU several times faster than an integer
    one and exact all the same: each term and each partial sum is an integer of at most 2**24 in
    magnitude, whatever the order of the additions (and int8 values survive the bfloat16 or TF32
    products that PyTorch may be told to use). Longer sums are split and continued in int32.

    Parameters
    ----------
    q : Tensor
        int8, [..., K]; -128 included.
    ternary : Tensor
        int8, [N, K], values -1, 0 and +1.

    Returns
    -------
    Tensor
        int32, [..., N]: ``sum over k of q[..., k] * ternary[n, k]``.

    Raises
    ------
    TypeError, ValueError
        As `check_operands`.
    """
    check_operands(q, ternary)
    sums = torch.zeros(*q.shape[:-1], ternary.shape[0], dtype=torch.int32, device=q.device)
    for q_part, ternary_part in zip(
        torch.split(q, _EXACT_INPUTS, -1), torch.split(ternary, _EXACT_INPUTS, -1), strict=True
    ):
        product = functional.linear(q_part.to(torch.float32), ternary_part.to(torch.float32))
        sums += product.to(torch.int32)
    return sums


def check_operands(q: Tensor, ternary: Tensor) -> None:
    """Check the operands of a ternary matrix product.

    Raises
    ------
    TypeError
        If an operand is not int8, or `ternary` is not a matrix.
    ValueError
        If the numbers of inputs differ or are out of range, or a weight is not ternary.
    """
    for name, operand in (("q", q), ("ternary", ternary)):
        if operand.dtype != torch.int8:
            raise TypeError(f"{name} must be int8, not {operand.dtype}")
    if ternary.dim() != 2:
        raise TypeError(f"ternary must have 2 dimensions, not {ternary.dim()}")
    inputs = ternary.shape[1]
    if q.dim() == 0 or q.shape[-1] != inputs:
        raise ValueError(f"q must have {inputs} inputs like ternary, not shape {list(q.shape)}")
    if not 1 <= inputs <= MAX_INPUTS:
        raise ValueError(f"The number of inputs must be from 1 to {MAX_INPUTS}, not {inputs}")
    if ternary.numel():
        low, high = (int(bound) for bound in torch.aminmax(ternary))
        if low < -1 or high > 1:
            raise ValueError(f"ternary must be -1, 0 or +1, not from {low} to {high}")
