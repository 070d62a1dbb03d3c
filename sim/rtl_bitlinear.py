"""Puts the accelerator, or anything that multiplies, into the ternary layers of a model."""

import torch
from torch import Tensor, nn

from golden.bitlinear import BitLinear, FrozenBitLinear, Matmul
from golden.quantize import TernaryWeight, absmean_ternary

__all__ = ["RtlBitLinear", "replace_bitlinear"]

_QUARTERS = 4
_PACKED = "transformers.integrations.bitnet.BitLinear"
_AUTO = "transformers.integrations.bitnet.AutoBitLinear"


class RtlBitLinear(FrozenBitLinear):
    """A ternary linear layer whose integer sums come from `matmul`, and what stands before it.

    With a `matmul` that is exact, as `sim.rtl_matmul.RtlMatmul` is: bit-identical in fp32 to the
    ``BitLinear`` of transformers that it replaces, run eagerly or compiled. Not bit-identical to an
    ``AutoBitLinear``, which multiplies dequantised numbers in floating point and therefore rounds
    its sums: in fp32 the difference stays below 1e-5 of the root mean square of a token's outputs.

    Parameters
    ----------
    weight : TernaryWeight
        Weights [N, K] and their scale.
    bias : Tensor or None
        fp32, [N], added last.
    matmul : Matmul
        What multiplies.
    norm : Module or None
        Applied to the inputs first: the RMSNorm that transformers puts into a layer under
        ``use_rms_norm``.
    """

    norm: nn.Module | None

    def __init__(
        self,
        weight: TernaryWeight,
        bias: Tensor | None = None,
        *,
        matmul: Matmul,
        norm: nn.Module | None = None,
    ) -> None:
        super().__init__(weight, bias, matmul=matmul)
        self.register_module("norm", norm)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs, fp32 [..., N], of the inputs `x`, fp32 [..., K]."""
        return super().forward(x if self.norm is None else self.norm(x))

    @classmethod
    def of(cls, layer: nn.Module, matmul: Matmul) -> "RtlBitLinear | None":
        """Return the counterpart of a ternary layer, or None if `layer` is of another kind.

        The layers are golden's ``BitLinear`` and ``FrozenBitLinear``, and transformers'
        ``BitLinear`` (packed weights; divides by its scale) and ``AutoBitLinear`` (packed elsewhere
        and unpacked on loading, multiplies by its scale; or online, with master weights). Which of
        the two scale conventions holds follows from the class alone, never from the value.

        Raises
        ------
        TypeError
            If a layer of transformers computes in another type than float32, in which its bits are
            not defined.
        ValueError
            If its packed weights hold the code that stands for no weight, or its unpacked ones are
            not ternary.
        """
        if isinstance(layer, FrozenBitLinear):
            earlier = layer.norm if isinstance(layer, RtlBitLinear) else None
            return cls(layer.weight, layer.bias, matmul=matmul, norm=earlier)
        if isinstance(layer, BitLinear):
            frozen = layer.freeze()
            return cls(frozen.weight, frozen.bias, matmul=matmul)
        # By name, for transformers takes seconds to import and may not be installed.
        kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(layer).__mro__}
        if not kinds & {_PACKED, _AUTO}:
            return None
        bias = None if layer.bias is None else _float32(layer.bias, "bias")
        if _PACKED in kinds:
            weight = _packed_weight(layer)
        else:
            weight = _auto_weight(layer)
            if bias is not None and not layer.online_quant:
                # It is added before the multiplication by the scale.
                bias = bias * _scale(layer)
        bias = None if bias is None else bias.clone()
        norm = layer.rms_norm
        assert norm is None or isinstance(norm, nn.Module)
        return cls(weight, bias, matmul=matmul, norm=norm)


def replace_bitlinear(model: nn.Module, matmul: Matmul) -> int:
    """Replace every ternary layer in a model, in place, and return how many there were.

    A layer that occurs in several places stays one layer.

    Parameters
    ----------
    model : Module
        The model; its embeddings, norms, attention and head stay as they are.
    matmul : Matmul
        What multiplies in all the layers from now on.

    Raises
    ------
    TypeError, ValueError
        As `RtlBitLinear.of`; the model is then unchanged.
    """
    replaced: dict[int, RtlBitLinear] = {}
    places: list[tuple[str, RtlBitLinear]] = []
    for name, layer in model.named_modules(remove_duplicate=False):
        if id(layer) not in replaced:
            new = RtlBitLinear.of(layer, matmul)
            if new is None:
                continue
            replaced[id(layer)] = new.train(layer.training)
        places.append((name, replaced[id(layer)]))
    for name, new in places:
        model.set_submodule(name, new)
    return len(replaced)


def _packed_weight(layer: nn.Module) -> TernaryWeight:
    """Return the weight of transformers' BitLinear: its scale divides.

    Four rows share a byte: rows r, r + P, r + 2 P and r + 3 P stand in byte row r, from the lowest
    two bits up, as weight + 1; P is the number of byte rows.
    """
    packed = layer.weight
    assert isinstance(packed, Tensor)
    codes = torch.cat([packed >> 2 * quarter & 0b11 for quarter in range(_QUARTERS)])
    return TernaryWeight(codes.to(torch.int8) - 1, _scale(layer))


def _auto_weight(layer: nn.Module) -> TernaryWeight:
    """Return the weight of transformers' AutoBitLinear: its scale, if any, multiplies."""
    values = _float32(layer.weight, "weight")
    if layer.online_quant:
        return absmean_ternary(values)
    ternary = values.to(torch.int8)
    if not torch.equal(ternary.to(torch.float32), values):
        raise ValueError("Weights of an AutoBitLinear must be -1, 0 or +1, not fractions")
    return TernaryWeight.from_mean(ternary, _scale(layer))


def _scale(layer: nn.Module) -> Tensor:
    return _float32(layer.weight_scale, "weight_scale").reshape(()).clone()


def _float32(value: object, name: str) -> Tensor:
    assert isinstance(value, Tensor)
    if value.dtype != torch.float32:
        raise TypeError(f"{name} of a layer must be float32, not {value.dtype}")
    return value.detach()
