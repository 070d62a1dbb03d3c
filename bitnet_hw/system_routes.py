"""Which unit of a machine runs which operator, and how."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import field_validator, model_validator

from bitnet_hw.schema import Block, Count, Figure
from bitnet_hw.system_parts import a_share, above_zero

__all__ = ["OPERATORS", "Linear", "Overhead", "Route", "Routes"]

OPERATORS = (
    "embedding",
    "norms",
    "quantize",
    "linear",
    "rotary",
    "attention",
    "sub_norms",
    "activation",
    "residual",
    "lm_head",
)
"""What a model asks for, in the order of its use."""

_NOTHING = Figure(nominal=0, source="none where a system does not state it")


class Route(Block):
    """How one operator is run.

    Parameters
    ----------
    unit : str
        Name of the unit that computes it.
    bits : Figure, optional
        Bits that a weight takes on its way from memory; for attention, a cached key or value.
        16 where it is not stated.
    memory_efficiency : Figure, optional
        Sustained share of the peak transfer rate, if it differs from the memory's.
    launch_us : Figure
        Fixed time of each run, in microseconds: a kernel, a burst of transfers.
    cycles_per_element : Figure, optional
        For element-wise work: clock cycles of the unit for one element.
    vectors_per_pass : int, optional
        Token vectors that one pass over the weights serves; all of them if not stated.
    """

    unit: str
    bits: Figure = Figure(nominal=16, source="FP16 where a system does not state it")
    memory_efficiency: Figure | None = None
    launch_us: Figure = _NOTHING
    cycles_per_element: Figure | None = None
    vectors_per_pass: Count | None = None

    @field_validator("bits")
    @classmethod
    def _above_zero(cls, figure: Figure) -> Figure:
        return above_zero(figure)

    @field_validator("memory_efficiency")
    @classmethod
    def _share(cls, figure: Figure | None) -> Figure | None:
        return None if figure is None else a_share(figure)


class Linear(Block):
    """The linear layers, by the format of their weights."""

    ternary: Route | None = None
    fp16: Route | None = None

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if self.ternary is None and self.fp16 is None:
            raise ValueError("a block with ternary, fp16 or both")
        return self


class Routes(Block):
    """Which unit runs which operator. What has no route takes no time, and results say so."""

    linear: Linear
    lm_head: Route | None = None
    attention: Route | None = None
    embedding: Route | None = None
    norms: Route | None = None
    quantize: Route | None = None
    rotary: Route | None = None
    sub_norms: Route | None = None
    activation: Route | None = None
    residual: Route | None = None

    def route(self, operator: str, weights: str) -> Route | None:
        """Return how an operator is run with weights of a format (``"ternary"``, ``"fp16"``)."""
        if operator == "linear":
            return self.linear.ternary if weights == "ternary" else self.linear.fp16
        route: Route | None = getattr(self, operator)
        return route

    def named(self) -> Iterator[tuple[str, Route]]:
        """Return all routes with their key."""
        for format_name in Linear.model_fields:
            route = getattr(self.linear, format_name)
            if route is not None:
                yield f"linear.{format_name}", route
        for name in OPERATORS:
            route = None if name == "linear" else getattr(self, name)
            if route is not None:
                yield name, route


class Overhead(Block):
    """A fixed time that no rate explains.

    Parameters
    ----------
    operator : str
        The operator that it belongs to.
    us : Figure
        Microseconds of one occurrence.
    per : str
        ``"layer"`` (each pass over a layer's weights), ``"token"`` or ``"step"``.
    weights : str, optional
        Only with weights of this format.
    """

    operator: Literal[OPERATORS]  # type: ignore[valid-type]  # the one list of names
    us: Figure
    per: Literal["layer", "token", "step"]
    weights: Literal["ternary", "fp16"] | None = None
