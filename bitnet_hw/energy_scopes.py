"""What an energy includes: the components of each scope, and what is assumed of them."""

from collections.abc import Mapping

__all__ = ["ASSUMPTIONS", "EDGES", "NOT_COUNTED", "SCOPES"]

EDGES = ("low", "nominal", "high")

_ARRAY = (
    "adder_tree",
    "lane_select",
    "weight_decoder",
    "registers",
    "accumulators",
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

ASSUMPTIONS = (
    (
        "An adder switches as its operands do: not while all weights below it are zero in two "
        "steps after each other; lanes beyond ragged edges switch like all others."
    ),
    "An addition of b bits costs what lies on the line through the published 8 and 32 bits.",
    "An SRAM access costs the same for a read and a write, in proportion to its bits.",
    "A register costs energy when it takes a value.",
    "Leakage and background power are drawn for the whole step, whatever works.",
)

NOT_COUNTED = (
    "wires and the clock tree",
    "control, and the registers of the vector unit",
    "sampling",
)
"""What no technology has a figure for; `Technology.not_counted` names what one of them lacks."""
