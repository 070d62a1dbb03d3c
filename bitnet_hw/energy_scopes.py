"""What an energy includes: the components of each scope, and what is assumed of them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bitnet_hw.config import Config

__all__ = ["BASELINE_SCOPES", "EDGES", "NOT_COUNTED", "SCOPES", "assumptions"]

EDGES = ("low", "nominal", "high")

_ARRAY = (
    "adder_tree",
    "lane_select",
    "weight_decoder",
    "weight_check",
    "registers",
    "accumulators",
    "array_clock",
    "array_leakage",
)
_CORE = (*_ARRAY, "activation_store", "result_buffer", "vector_unit", "core_leakage")
_SYSTEM = (
    *_CORE,
    "host",
    "link",
    "dram_ternary_weights",
    "dram_lm_head",
    "dram_kv_cache",
    "dram_embedding",
    "dram_norms",
    "dram_background",
)
_BOARD = (*_SYSTEM, "board_idle")
SCOPES: Mapping[str, tuple[str, ...]] = {
    "array": _ARRAY,
    "core": _CORE,
    "system": _SYSTEM,
    "board": _BOARD,
}
"""Components of each scope: the array, + the rest of the chip, + memory, links and host, + what
they stand on."""

_MULTIPLIERS = ("multipliers", "adders")
BASELINE_SCOPES: Mapping[str, tuple[str, ...]] = {
    "array": _MULTIPLIERS,
    "core": (*_MULTIPLIERS, "activation_store", "result_buffer", "vector_unit"),
}
"""Components of an array of multipliers in the scopes inside `system`, which is all of them."""

_OF_OPERATIONS = (
    (
        "An adder switches as its operands do: not while all weights below it are zero in two "
        "steps after each other; lanes beyond ragged edges switch like all others."
    ),
    "An addition of b bits costs what lies on the line through the published 8 and 32 bits.",
    "A register costs energy when it takes a value.",
)
_OF_GATES = (
    "The clock of the array runs through the whole step.",
    "Lanes beyond ragged edges switch like all others.",
)
_OF_ALL = (
    "An SRAM access costs the same for a read and a write, in proportion to its bits.",
    "Leakage and background power are drawn for the whole step, whatever works.",
)

NOT_COUNTED = (
    "wires and the clock tree",
    "control, and the registers of the vector unit",
    "sampling",
)
"""What no technology has a figure for; `Technology.not_counted` names what one of them lacks."""


def assumptions(config: "Config") -> list[str]:
    """Return what the energy of a configuration takes for granted, in sentences."""
    if config.technology.gates is None:
        return [*_OF_OPERATIONS, *_OF_ALL]
    operands = config.activity.operands
    first = f"The array's energy is that of its gates while it multiplies {operands} operands."
    return [first, *_OF_GATES, *_OF_ALL]
