"""Verilog of the rows of the multiplier arrays, to be synthesised by themselves."""

from dataclasses import dataclass

from rtl.baseline_verilog import emit_baseline
from rtl.fp16_row import Fp16Row
from rtl.geometry import Geometry
from rtl.int8_row import Int8Row
from rtl.partial_sums import token_bits

__all__ = ["BaselineRow", "fp16_row", "int8_row"]

_FP16_STAGES = 4
"""Stages of a multiplier and of an adder: the fewest with which both reach 1 GHz in asap7."""


@dataclass(frozen=True)
class BaselineRow:
    """A row.

    Parameters
    ----------
    verilog : str
        Its Verilog.
    dot_latency : int
        Cycles from operands to the sum that leaves the tree, where the control joins.
    step_interval : int
        Cycles from a step to the next one of the same partial sum, at least.
    sums : int
        Partial sums that it holds.
    token_bits : int
        Width of the number of a partial sum.
    """

    verilog: str
    dot_latency: int
    step_interval: int
    sums: int
    token_bits: int


def int8_row(geometry: Geometry, name: str) -> BaselineRow:
    """Return a row of INT8 products with int32 sums, its Verilog as a module called `name`."""
    row = Int8Row(
        lanes=geometry.lanes,
        tree_register_every=geometry.tree_register_every,
        product_register=True,
        max_tokens=geometry.max_tokens,
    )
    return _known(row, name, geometry.max_tokens)


def fp16_row(geometry: Geometry, name: str) -> BaselineRow:
    """Return a row of FP16 products with FP16 sums, its Verilog as a module called `name`.

    An addition takes several cycles, and the next one to the same partial sum needs its result. So
    that a row need not wait, successive steps belong to different partial sums: those of the tokens
    that share a tile or, for a token alone, of as many K tiles in turn.
    """
    sums = max(tokens * -(-_FP16_STAGES // tokens) for tokens in (1, geometry.max_tokens))
    row = Fp16Row(
        lanes=geometry.lanes,
        tree_register_every=1,
        product_register=True,
        max_tokens=sums,
        subnormals=True,
        multiplier_stages=_FP16_STAGES,
        adder_stages=_FP16_STAGES,
    )
    return _known(row, name, sums)


def _known(row, name, sums):
    return BaselineRow(
        emit_baseline(row, name), row.dot_latency, row.step_interval, sums, token_bits(sums)
    )
