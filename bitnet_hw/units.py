"""The units beside the array, and which of them runs what."""

from typing import Literal, Self

from pydantic import model_validator

from bitnet_hw.schema import Block, Count, Figure

__all__ = ["UNIT_NAMES", "Host", "Units", "VectorUnit"]

UNIT_NAMES = ("array", "vector", "host", "link")
"""Where an operator can run; ``"link"`` is the connection between chips."""

_Unit = Literal["vector", "host"]


class VectorUnit(Block):
    """The unit beside the array, for everything that is not a BitLinear layer.

    Parameters
    ----------
    fp16_macs_per_cycle : int
        FP16 multiply-accumulates per cycle; for element-wise work, that many multiplications and
        as many additions. Products of 8-bit integers run at the same rate.
    """

    fp16_macs_per_cycle: Count = 64


class Host(Block):
    """A processor that shares the memory and runs what no unit of the chip does.

    Parameters
    ----------
    gmacs_per_second : Figure
        10^9 multiply-accumulates, or element-wise operations, that it sustains in a second.
    energy_pj_per_mac : Figure
        Energy of one, everything inside the processor included.
    call_us : Figure
        Time to start an operator and to be told of its end.
    """

    gmacs_per_second: Figure
    energy_pj_per_mac: Figure
    call_us: Figure = Figure(nominal=0, source="assumed where a host does not state it")

    @model_validator(mode="after")
    def _works(self) -> Self:
        if self.gmacs_per_second.nominal <= 0:
            raise ValueError("a host whose gmacs_per_second is above 0")
        return self

    @property
    def figures(self) -> dict[str, tuple[Figure, str]]:
        """Every number with its unit, by its key."""
        return {
            "gmacs_per_second": (self.gmacs_per_second, "10^9 MAC/s"),
            "energy_pj_per_mac": (self.energy_pj_per_mac, "pJ"),
            "call_us": (self.call_us, "us"),
        }


class Units(Block):
    """Which unit runs each operator. BitLinear layers, and a ternary lm_head, run on the array."""

    norms: _Unit = "vector"
    quantize: _Unit = "vector"
    dequantize: _Unit = "vector"
    rotary: _Unit = "vector"
    attention: _Unit = "vector"
    activation: _Unit = "vector"
    residual: _Unit = "vector"
    embedding: _Unit = "vector"
    final_norm: _Unit = "vector"
    lm_head: _Unit = "vector"

    def of(self, operator: str) -> str:
        """Return the unit of an operator that does not run on the array."""
        unit: str = getattr(self, operator.removesuffix("_scales"))
        return unit

    @property
    def needs_host(self) -> tuple[str, ...]:
        """Operators that run on the host."""
        return tuple(name for name in type(self).model_fields if self.of(name) == "host")
