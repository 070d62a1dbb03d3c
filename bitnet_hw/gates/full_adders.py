"""Adders made of a library's full-adder cells, which Yosys by itself does not use.

Yosys builds an adder of single gates, with carries looked ahead. The full adder of a library is
half as large. Where its sum and carry are inverted, no inverter is needed between two of them:
a full adder of inverted inputs has the inverted outputs, so every second one takes them as they
come.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from bitnet_hw.gates.cells import Cell
from bitnet_hw.gates.condition import probability
from bitnet_hw.gates.library import Library

__all__ = ["BLACK_BOX", "TECHMAP", "FullAdder", "find_full_adder"]

_INPUTS = 3
_OUTPUTS = 2
_NAME = r"(?i)(?:^|_)fa(?!ll)"

MOST_BITS = 16
"""Widest adder that is a chain of full adders; the carry of a wider one takes too long."""

BLACK_BOX = "bitnet_full_adder"
"""Name of a full adder in Yosys until it becomes a cell: inputs A, B and C, outputs S and K."""

TECHMAP = f"""
(* blackbox *)
module {BLACK_BOX}(input A, input B, input C, output S, output K);
endmodule

(* techmap_celltype = "$alu" *)
module _80_chain_of_full_adders(A, B, CI, BI, X, Y, CO);
  parameter A_SIGNED = 0, B_SIGNED = 0, A_WIDTH = 1, B_WIDTH = 1, Y_WIDTH = 1;
  parameter _TECHMAP_CONSTMSK_A_ = 0, _TECHMAP_CONSTMSK_B_ = 0, _TECHMAP_CONSTMSK_BI_ = 0;
  (* force_downto *) input [A_WIDTH-1:0] A;
  (* force_downto *) input [B_WIDTH-1:0] B;
  input CI, BI;
  (* force_downto *) output [Y_WIDTH-1:0] X, Y, CO;
  // Counters and comparisons with a constant are smaller as gates.
  wire _TECHMAP_FAIL_ = Y_WIDTH < 4 || Y_WIDTH > {MOST_BITS} || !_TECHMAP_CONSTMSK_BI_
    || &_TECHMAP_CONSTMSK_A_ || &_TECHMAP_CONSTMSK_B_;
  (* force_downto *) wire [Y_WIDTH-1:0] AA, BB;
  \\$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) a (.A(A), .Y(AA));
  \\$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) b (.A(B), .Y(BB));
  (* force_downto *) wire [Y_WIDTH-1:0] BX = BB ^ {{Y_WIDTH{{BI}}}};
  assign X = AA ^ BX;
  (* force_downto *) wire [Y_WIDTH:0] carries = {{CO, CI}};
  {BLACK_BOX} chain [Y_WIDTH-1:0] (.A(AA), .B(BX), .C(carries[Y_WIDTH-1:0]), .S(Y), .K(CO));
endmodule

(* techmap_celltype = "$fa" *)
module _80_full_adders(A, B, C, X, Y);
  parameter WIDTH = 1;
  (* force_downto *) input [WIDTH-1:0] A, B, C;
  (* force_downto *) output [WIDTH-1:0] X, Y;
  {BLACK_BOX} each [WIDTH-1:0] (.A(A), .B(B), .C(C), .S(Y), .K(X));
endmodule
"""


@dataclass(frozen=True)
class FullAdder:
    """A cell of a library, with its pins; `inverted`: both outputs are."""

    cell: str
    inputs: tuple[str, ...]
    total: str
    carry: str
    inverted: bool


def find_full_adder(library: Library) -> FullAdder | None:
    """Return the smallest full adder of a library whose outputs are both inverted or both not."""
    names = {name for text in library.texts for name in text.names_like(_NAME)}
    cells = sorted(library.cells(names).values(), key=lambda cell: (cell.area_um2, cell.name))
    return next((adder for cell in cells if (adder := _full_adder(cell))), None)


def _full_adder(cell: Cell) -> FullAdder | None:
    inputs = tuple(name for name, pin in cell.pins.items() if not pin.output)
    functions = cell.functions
    if len(inputs) != _INPUTS or len(functions) != _OUTPUTS:
        return None
    states = np.array(list(itertools.product((0.0, 1.0), repeat=_INPUTS))).T
    ones = dict(zip(inputs, states, strict=True))
    values = {name: probability(text, ones, {}) > 0.5 for name, text in functions.items()}
    count = states.sum(axis=0)
    for inverted in (False, True):
        wanted = {"total": (count % 2 == 1) ^ inverted, "carry": (count >= 2) ^ inverted}
        pins = {
            role: name
            for role, table in wanted.items()
            for name, value in values.items()
            if (value == table).all()
        }
        if len(pins) == _OUTPUTS:
            return FullAdder(cell.name, inputs, pins["total"], pins["carry"], inverted)
    return None
