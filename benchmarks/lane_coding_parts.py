"""The lane codings that are compared, as parts of the gate flow, between registers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amaranth.back import verilog

from benchmarks.lane_coding_picks import CenteredOffset, Offset, SelectGatedFirst, SignMagnitude
from benchmarks.lane_coding_rows import CodedRow, CodedShared, sum_bits
from bitnet_hw.gates.parts import Part
from bitnet_hw.gates.wrapper import bus
from rtl.dot import DotProduct
from rtl.geometry import Geometry
from rtl.lanes import Operands

__all__ = ["CODINGS", "REUSES", "Coding", "row_part", "shared_part"]

REUSES = (1, 8)
"""Steps for which a tile of weights stays."""

_REGISTER_EVERY = 5


@dataclass(frozen=True)
class Coding:
    """A coding: one of `benchmarks.lane_coding_rows`, or without it the style's own hardware."""

    lane: Any = None
    style: str = "select"

    @property
    def summed(self) -> bool:
        """Whether the sum of the activations is made once for all rows."""
        return self.lane is not None and self.lane.summed

    @property
    def corrected(self) -> bool:
        """Whether each row takes that sum off."""
        return self.lane is not None and self.lane.corrected

    @property
    def carries(self) -> bool:
        """Whether a carry is left beside a row's sum."""
        return self.style == "select" if self.lane is None else self.lane.carries

    def geometry(self, lanes: int, register_every: int = _REGISTER_EVERY) -> Geometry:
        """Return an array of one row."""
        return Geometry(
            rows=1,
            lanes=lanes,
            weight_bus_bits=16,
            max_tokens=max(REUSES),
            max_k=lanes,
            output_bus_words=1,
            tree_register_every=register_every,
            lane_style=self.style,
        )

    def row(self, geometry: Geometry) -> Any:
        """Return the dot product of a row."""
        return DotProduct(geometry) if self.lane is None else CodedRow(geometry, self.lane)

    def shared(self, geometry: Geometry) -> Any:
        """Return what all rows share."""
        return Operands(geometry) if self.lane is None else CodedShared(geometry, self.lane)

    def shared_bits(self, geometry: Geometry) -> int:
        """Return the bits that all rows share."""
        if self.lane is None:
            return geometry.shared_bits
        return int(self.lane.shared_bits) * geometry.lanes

    def sum_bits(self, geometry: Geometry) -> int:
        """Return the width of a row's sum."""
        return geometry.sum_bits if self.lane is None else sum_bits(geometry, self.lane)


CODINGS = {
    "select (rtl/lanes.py)": Coding(),
    "select, AND before XOR": Coding(SelectGatedFirst()),
    "sign and magnitude": Coding(SignMagnitude()),
    "offset": Coding(Offset()),
    "offset, not taken off": Coding(Offset(corrected=False)),
    "offset around a center": Coding(CenteredOffset()),
    "biased (rtl/lanes.py)": Coding(style="biased"),
}


def row_part(geometry: Geometry, coding: Coding) -> Part:
    """Return a row's dot product between registers."""
    bits = coding.sum_bits(geometry)
    inputs = {"shared": coding.shared_bits(geometry), "weights": 2 * geometry.lanes}
    inputs |= {"correction": bits} if coding.corrected else {}
    outputs = {"sum": bits} | ({"carry": 1} if coding.carries else {})
    return Part(
        name="row",
        instances=1,
        verilog=_between_registers("coded_row", coding.row(geometry), inputs, outputs),
        top="coded_row_top",
        groups={"tree": "tree", "": "lanes"},
        loose_borders=("tree",),
        kinds={"lanes": "tree"},
    )


def shared_part(geometry: Geometry, coding: Coding) -> Part:
    """Return what all rows share, behind the read register of the activation store."""
    inputs = {"activations": geometry.activation_word_bits, "load": 1}
    outputs = {"shared": coding.shared_bits(geometry)}
    outputs |= {"correction": coding.sum_bits(geometry)} if coding.summed else {}
    return Part(
        name="shared",
        instances=1,
        verilog=_between_registers("coded_shared", coding.shared(geometry), inputs, outputs),
        top="coded_shared_top",
        groups={"": "shared"},
    )


def _between_registers(
    module: str, component: Any, inputs: Mapping[str, int], outputs: Mapping[str, int]
) -> str:
    """Return the Verilog of a component, as the instance ``it``, between registers.

    The input ``load`` is a wire. Not every component has use for every input or for a clock.
    """
    text = verilog.convert(component, name=module, emit_src=False, strip_internal_attrs=True)
    ports = ["input clk", "input rst"]
    ports += [f"input {bus(bits)}{name}" for name, bits in inputs.items()]
    ports += [f"output reg {bus(bits)}{name}" for name, bits in outputs.items()]
    lines = [f"module {module}_top({', '.join(ports)});"]
    links = [f".{name}({name})" for name in ("clk", "rst") if f"  input {name};" in text]
    for name, bits in inputs.items():
        lines.append(f"  reg {bus(bits)}{name}_q;" * (name != "load"))
        lines.append(f"  always @(posedge clk) {name}_q <= {name};" * (name != "load"))
        links.append(f".{name}({name}{'_q' * (name != 'load')})")
    for name, bits in outputs.items():
        lines.append(f"  wire {bus(bits)}{name}_d;")
        lines.append(f"  always @(posedge clk) {name} <= {name}_d;")
        links.append(f".{name}({name}_d)")
    return "\n".join([text, *lines, f"  {module} it({', '.join(links)});", "endmodule", ""])
