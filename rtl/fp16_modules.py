"""Verilog of single floating-point units, to be synthesised by themselves."""

from rtl.fp16_adder import Fp16Adder
from rtl.fp16_multiplier import Fp16Multiplier
from rtl.shared import emit_component

__all__ = ["fp16_adder_verilog", "fp16_multiplier_verilog"]


def fp16_adder_verilog(name: str) -> str:
    """Return the Verilog of an adder without subnormal numbers, as a module called `name`."""
    return emit_component(Fp16Adder(subnormals=False), name)


def fp16_multiplier_verilog(name: str) -> str:
    """Return the Verilog of a multiplier without subnormal numbers, as a module called `name`."""
    return emit_component(Fp16Multiplier(subnormals=False), name)
