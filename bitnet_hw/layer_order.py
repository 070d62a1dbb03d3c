"""In which order the operators of a transformer layer run."""

from collections.abc import Iterator
from dataclasses import dataclass

from bitnet_hw.model import Model

__all__ = ["LayerStep", "layer_order"]


@dataclass(frozen=True)
class LayerStep:
    """One of the things that a layer does.

    Parameters
    ----------
    operator : str
        Name of the operator that counts it; several steps can share one.
    elements : int
        Elements that it works on: its part of the operator. Steps of different size differ in this
        number alone.
    """

    operator: str
    elements: int = 1


def layer_order(model: Model, *, tensor: int = 1) -> tuple[LayerStep, ...]:
    """Return what a layer does, step by step.

    Parameters
    ----------
    model : Model
        The part of a model that one chip holds.
    tensor : int
        Chips that share the layer: with several, they exchange scales and sums.
    """
    return tuple(_steps(model, shared=tensor > 1))


def _steps(model: Model, *, shared: bool) -> Iterator[LayerStep]:
    qkv, output, up, down = model.projection_groups
    yield LayerStep("norms", model.hidden)
    yield from _linear(model, qkv)
    yield LayerStep("rotary")
    yield LayerStep("attention")
    if model.sub_norms:
        yield LayerStep("norms", model.q_dim)
    yield from _linear(model, output, exchanged=shared)
    yield LayerStep("residual", model.hidden)
    yield LayerStep("norms", model.hidden)
    yield from _linear(model, up)
    yield LayerStep("activation")
    if model.sub_norms:
        yield LayerStep("norms", model.ffn)
    yield from _linear(model, down, exchanged=shared)
    yield LayerStep("residual", model.hidden)


def _linear(model: Model, name: str, *, exchanged: bool = False) -> Iterator[LayerStep]:
    """Yield a group of BitLinear layers: quantised, multiplied, added up over chips, scaled."""
    group = model.projection_groups[name]
    if exchanged:
        yield LayerStep("scale_exchange")
    yield LayerStep("quantize", group[0].k)
    yield LayerStep(name)
    if exchanged:
        yield LayerStep("sum_exchange")
    yield LayerStep("dequantize", sum(projection.n for projection in group))
