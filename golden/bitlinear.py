"""The ternary linear layer: trainable, and frozen to integers.

Both layers compute the same bits: int8 activations times ternary weights, summed exactly, one
product and one division back to fp32, then the bias. The trainable one differs only in that it
quantises its master weights at each call and passes a gradient through. There is no second,
floating-point forward pass that inference could disagree with.
"""

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn

from golden.matmul import ternary_matmul
from golden.quantize import TernaryWeight, absmax_int8, absmean_ternary, dequantize

__all__ = ["BitLinear", "FrozenBitLinear", "Matmul"]

Matmul = Callable[[Tensor, Tensor], Tensor]
"""What multiplies: ``matmul(q, ternary) -> accumulators`` with q int8 [M, K], ternary int8 [N, K]
and accumulators int32 [M, N]: `golden.matmul.ternary_matmul`, or hardware in its place."""


class BitLinear(nn.Linear):
    """A linear layer, quantised in the forward pass and trained by straight-through estimation.

    Forward: as `FrozenBitLinear` of the same weights, bit for bit. Backward: each quantiser counts
    as the identity (Bengio et al., "Estimating or Propagating Gradients Through Stochastic Neurons
    for Conditional Computation", 2013), so the gradients are those of a plain linear layer whose
    operands are the dequantised ones: ``dL/dx = dL/dy @ W_dq`` and ``dL/dW = dL/dy.T @ x_dq``.

    The usual expression ``w + (quantised(w) - w).detach()`` is not used: its sum rounds, and the
    weights that it yields are not exactly ternary.

    Parameters
    ----------
    in_features : int
        Inputs K.
    out_features : int
        Outputs N.
    bias : bool
        Whether an fp32 bias is added last. BitNet has none.
    matmul : Matmul
        What multiplies in the forward pass; an attribute of the same name may be set later.

    Members
    -------
    weight : Parameter
        fp32, [N, K]: the master weights, initialised as by ``nn.Linear``.
    bias : Parameter or None
        fp32, [N].
    """

    matmul: Matmul

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = False,
        *,
        matmul: Matmul = ternary_matmul,
    ) -> None:
        super().__init__(in_features, out_features, bias, dtype=torch.float32)
        self.matmul = matmul

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs, fp32 [..., N], of the inputs `x`, fp32 [..., K]."""
        y = cast(Tensor, _StraightThrough.apply(x, self.weight, self.matmul))  # type: ignore[no-untyped-call]  # torch does not annotate Function.apply
        return y if self.bias is None else y + self.bias

    def freeze(self) -> "FrozenBitLinear":
        """Return the layer with its weights quantised once and for all; nothing is shared."""
        bias = None if self.bias is None else self.bias.detach().clone()
        return FrozenBitLinear(absmean_ternary(self.weight), bias, matmul=self.matmul)


class FrozenBitLinear(nn.Module):
    """A linear layer that multiplies integers only.

    ``y = acc / (inverse_mean * s_x) + bias`` with ``acc = matmul(q, ternary)`` and
    ``q, s_x = absmax_int8(x)``: bit-identical to ``BitLinear`` of transformers in fp32.

    Parameters
    ----------
    weight : TernaryWeight
        Weights [N, K] and their scale.
    bias : Tensor, optional
        fp32, [N], added last.
    matmul : Matmul
        What multiplies; an attribute of the same name may be set later. Its operands are always
        matrices: leading dimensions of the input are flattened into M.

    Members
    -------
    ternary : Tensor
        Buffer; int8, [N, K].
    inverse_mean : Tensor
        Buffer; fp32, no dimensions.
    bias : Tensor or None
        Buffer; fp32, [N].

    Raises
    ------
    TypeError
        If `bias` is not fp32.
    ValueError
        If `bias` does not have N values.
    """

    ternary: Tensor
    inverse_mean: Tensor
    bias: Tensor | None
    matmul: Matmul

    def __init__(
        self,
        weight: TernaryWeight,
        bias: Tensor | None = None,
        *,
        matmul: Matmul = ternary_matmul,
    ) -> None:
        super().__init__()
        outputs = weight.ternary.shape[0]
        if bias is not None and bias.dtype != torch.float32:
            raise TypeError(f"bias must be float32, not {bias.dtype}")
        if bias is not None and bias.shape != (outputs,):
            raise ValueError(f"bias must have shape [{outputs}], not {list(bias.shape)}")
        self.register_buffer("ternary", weight.ternary)
        self.register_buffer("inverse_mean", weight.inverse_mean)
        self.register_buffer("bias", bias)
        self.matmul = matmul

    @property
    def weight(self) -> TernaryWeight:
        """The weights and their scale."""
        return TernaryWeight(self.ternary, self.inverse_mean)

    @property
    def in_features(self) -> int:
        """Inputs K."""
        return self.ternary.shape[1]

    @property
    def out_features(self) -> int:
        """Outputs N."""
        return self.ternary.shape[0]

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs, fp32 [..., N], of the inputs `x`, fp32 [..., K].

        Raises
        ------
        TypeError, ValueError
            As `golden.quantize.absmax_int8`, or if `matmul` does not return int32 [M, N].
        """
        q, activation_scale = absmax_int8(x)
        accumulators = _multiply(self.matmul, q, self.ternary)
        y = dequantize(accumulators, self.inverse_mean, activation_scale)
        return y if self.bias is None else y + self.bias

    def extra_repr(self) -> str:
        """Return the shape for ``print(module)``."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


def _multiply(matmul: Matmul, q: Tensor, ternary: Tensor) -> Tensor:
    """Call `matmul` with matrices, check what it returns, and restore the leading dimensions."""
    flat = q.reshape(-1, q.shape[-1])
    accumulators = matmul(flat, ternary)
    if accumulators.dtype != torch.int32:
        raise TypeError(f"matmul must return int32, not {accumulators.dtype}")
    expected = [flat.shape[0], ternary.shape[0]]
    if list(accumulators.shape) != expected:
        raise ValueError(f"matmul must return shape {expected}, not {list(accumulators.shape)}")
    return accumulators.reshape(*q.shape[:-1], ternary.shape[0])


class _StraightThrough(torch.autograd.Function):
    """Integer forward pass, straight-through backward pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, matmul: Matmul) -> Tensor:
        q, activation_scale = absmax_int8(x)
        quantized = absmean_ternary(weight)
        ctx.save_for_backward(q, activation_scale, quantized.ternary, quantized.inverse_mean)
        accumulators = _multiply(matmul, q, quantized.ternary)
        return dequantize(accumulators, quantized.inverse_mean, activation_scale)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        (gradient,) = gradients
        q, activation_scale, ternary, inverse_mean = ctx.saved_tensors
        of_x = of_weight = None
        if ctx.needs_input_grad[0]:
            of_x = gradient @ (ternary.to(torch.float32) / inverse_mean)
        if ctx.needs_input_grad[1]:
            x = (q.to(torch.float32) / activation_scale).reshape(-1, q.shape[-1])
            of_weight = gradient.reshape(-1, gradient.shape[-1]).T @ x
        return of_x, of_weight, None
