"""What the flow measures: parts, and for each of them what arrives at its inputs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from bitnet_hw.gates.parts import Part, array_parts
from bitnet_hw.gates.stimulus import Stimulus, part_stimulus
from rtl.geometry import Geometry

__all__ = ["ArrayDesign", "OperandStream", "ternary_design"]


class OperandStream(Protocol):
    """Operands of any number format, as far as a report names them."""

    @property
    def name(self) -> str:
        """Which operands."""

    @property
    def source(self) -> str:
        """Where they come from."""


@dataclass(frozen=True, eq=False)
class ArrayDesign:
    """An array, whatever it multiplies.

    Parameters
    ----------
    number_format : str
        Of its operands.
    parts : tuple of Part
        All of it.
    stimulus : callable
        Given the name of a part, operands that the design knows, and the steps for which a tile of
        weights stays, returns the stimulus of that part.
    """

    number_format: str
    parts: tuple[Part, ...]
    stimulus: Callable[[str, Any, int], Stimulus]


def ternary_design(geometry: Geometry) -> ArrayDesign:
    """Return the ternary array; it takes `bitnet_hw.gates.operands.Operands`."""

    def stimulus(part: str, operands: Any, tokens: int) -> Stimulus:
        return part_stimulus(part, geometry, operands, tokens=tokens)

    return ArrayDesign("ternary", array_parts(geometry), stimulus)
