"""The parts of an array of multipliers, of the same rows, lanes and tokens as a ternary array.

The accounting is that of the ternary array: rows, the registers that hold a tile of weights, and
the register behind the activation store. Weights arrive as they are used, 8 or 16 bits each, so
there is no decoder.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bitnet_hw.gates.parts import Part
from bitnet_hw.gates.wrapper import bus, wrap
from rtl.geometry import Geometry

if TYPE_CHECKING:
    from rtl.baseline_modules import BaselineRow

__all__ = [
    "BASELINES",
    "Baseline",
    "baseline_parts",
    "baseline_row",
    "words_per_tile",
]


@dataclass(frozen=True)
class Baseline:
    """A number format.

    Parameters
    ----------
    operand_bits, result_bits : int
        Width of a weight or an activation, and of a partial sum.
    """

    operand_bits: int
    result_bits: int


BASELINES = {"int8": Baseline(8, 32), "fp16": Baseline(16, 16)}
"""The number formats by name."""


def baseline_row(geometry: Geometry, number_format: str) -> "BaselineRow":
    """Return the row of an array of multipliers."""
    from rtl.baseline_modules import fp16_row, int8_row

    create = {"int8": int8_row, "fp16": fp16_row}[number_format]
    return create(geometry, "part_row")


def words_per_tile(geometry: Geometry) -> int:
    """Return the words in which a tile of weights arrives, each of whole rows.

    As many as for the ternary array, or a few more.
    """
    words = min(geometry.words_per_tile, geometry.rows)
    return next(number for number in range(words, geometry.rows + 1) if geometry.rows % number == 0)


def baseline_parts(geometry: Geometry, number_format: str, row: "BaselineRow") -> tuple[Part, ...]:
    """Return the parts of an array of multipliers."""
    baseline = BASELINES[number_format]
    word_bits = baseline.operand_bits * geometry.lanes
    last = geometry.rows // words_per_tile(geometry)
    inputs = {
        "activations": word_bits,
        "weights": word_bits,
        "valid": 1,
        "first": 1,
        "token": row.token_bits,
    }
    wrapped = wrap(
        "part_row",
        row.verilog,
        inputs=inputs,
        outputs={"total": baseline.result_bits},
        registered=("activations", "weights"),
    )
    groups = {
        "dot.tree": "adder tree",
        "dot": "multipliers",
        "partials": "accumulator",
        "": "accumulator",
    }
    parts = [
        Part(
            "row",
            geometry.rows,
            _map_once(row.verilog) + wrapped,
            "part_row_top",
            groups,
            borders=("", "dot", "dot.tree", "partials"),
        ),
        _register("weights", last, word_bits, "weight registers"),
    ]
    if last < geometry.rows:
        parts.append(_gathered(geometry.rows - last, word_bits))
    return *parts, _register("activations", 1, word_bits, "activation register")


def _map_once(verilog: str) -> str:
    """Return Verilog whose floating-point units stay modules, also in a part that is flattened.

    A row has over a hundred of them; each kind is mapped once.
    """
    return re.sub(
        r"^module (\w+_fp16_\w+)\(", r"(* keep_hierarchy *) module \1(", verilog, flags=re.M
    )


def _register(name: str, instances: int, bits: int, group: str) -> Part:
    """Return a register that keeps what it has unless `load` is 1."""
    module = f"part_{name}"
    text = (
        f"module {module}(input clk, input load, input {bus(bits)}word, "
        f"output reg {bus(bits)}kept);\n"
        "  always @(posedge clk) if (load) kept <= word;\nendmodule\n"
    )
    top = wrap(module, text, inputs={"load": 1, "word": bits}, outputs={"kept": bits})
    return Part(name, instances, text + top, f"{module}_top", {"": group})


def _gathered(instances: int, bits: int) -> Part:
    """Return the registers of a row whose weights come before the last word of their tile."""
    module = "part_gathered"
    text = (
        f"module {module}(input clk, input gather, input load, input {bus(bits)}word, "
        f"output reg {bus(bits)}kept);\n"
        f"  reg {bus(bits)}next;\n"
        "  always @(posedge clk) if (gather) next <= word;\n"
        "  always @(posedge clk) if (load) kept <= next;\nendmodule\n"
    )
    inputs = {"gather": 1, "load": 1, "word": bits}
    top = wrap(module, text, inputs=inputs, outputs={"kept": bits})
    groups = {"": "gathered weight registers"}
    return Part("gathered", instances, text + top, f"{module}_top", groups)
