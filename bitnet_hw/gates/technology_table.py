"""The table of a technology from gates: single operations, memories, and what leaks."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bitnet_hw.gates.array_figures import ArrayFigures
from bitnet_hw.gates.check_figures import CHECKED_BITS
from bitnet_hw.gates.parts import CHECK_GROUP
from bitnet_hw.gates.sram_macros import Memories
from bitnet_hw.gates.unit_parts import UnitFigures

__all__ = ["technology_table"]

_PJ = 1e-3  # of a fJ
_LANE_BITS = 8
_BANKED_KILOBYTES = 1024.0
_OPERATIONS = ("int8_add", "int32_add", "int8_multiply", "fp16_add", "fp16_multiply")
_RANDOM = "by itself, on random numbers"
_CHECKED = f"of a word of {CHECKED_BITS}, random weights in trit5"


def technology_table(
    cells: str,
    arrays: Sequence[ArrayFigures],
    terms: Sequence[Mapping[str, Any]],
    units: Mapping[str, UnitFigures],
    memories: Memories,
    zero_fraction: float,
) -> dict[str, Any]:
    """Return the keys of a technology file that are not its gates.

    They serve vector units, baselines, and whoever has a table only.

    Parameters
    ----------
    cells : str
        Library and clock, for the sources.
    arrays : sequence of ArrayFigures
        The measured arrays.
    terms : sequence of mapping
        What `bitnet_hw.gates.fit.fit_terms` made of them.
    units : mapping of str to UnitFigures
        Single operations, and the check of weight words for each bit.
    memories : Memories
        On-chip memories.
    zero_fraction : float
        Share of zero weights in uniform operands.
    """

    def figure(value: float, what: str) -> dict[str, Any]:
        return {"nominal": value, "source": f"{cells}: {what}", "status": "measured"}

    encoding = max(term["weight_encoding"] for term in terms if term["group"] == "weight decoder")
    decoder = _per_weight(terms, "weight decoder", encoding)
    lane = _per_weight(terms, "lane select", None)
    # An estimate scales it by the share of lanes that switch when all weights are new.
    switching = 1 - zero_fraction**2
    area_um2 = sum(sum(array.area_um2.values()) for array in arrays)
    leakage_nw = sum(sum(array.leakage_nw.values()) for array in arrays)
    spread = memories.spread
    each_way = f"; a factor of {spread:g} either way" if spread > 1 else ""

    def memory(value: float) -> dict[str, Any]:
        found: dict[str, Any] = {"nominal": value}
        if spread > 1:
            found = {"low": value / spread, **found, "high": value * spread}
        return {**found, "source": f"{memories.source}{each_way}", "status": memories.status}

    return {
        "energy_pj": {
            **{name: figure(units[name].energy_fj * _PJ, _RANDOM) for name in _OPERATIONS},
            "register_bit": figure(units["register"].energy_fj * _PJ, f"a register {_RANDOM}"),
            "lane_select": figure(
                lane["step_fj"] * _PJ / switching, "a lane whose weights are new, uniform operands"
            ),
            "trit_decode": figure(decoder["step_fj"] * _PJ, f"a weight in {encoding}"),
            "weight_check_bit": figure(units[CHECK_GROUP].energy_fj * _PJ, _CHECKED),
        },
        "sram_pj_per_64_bits": [
            *(
                {
                    "kilobytes": macro.kilobytes,
                    "low": min(macro.read_pj, macro.write_pj) / spread,
                    "nominal": macro.mean_pj,
                    "high": max(macro.read_pj, macro.write_pj) * spread,
                    "source": f"{memories.source}; a read, a write, and their mean{each_way}",
                    "status": memories.status,
                }
                for macro in memories.macros
            ),
            _banks(memories),
        ],
        "area_um2": {
            "int_add_per_bit": figure(units["int32_add"].area_um2 / 32, "an adder of 32 bits"),
            "register_per_bit": figure(units["register"].area_um2, "a register without an enable"),
            "lane_select_per_bit": figure(lane["area_um2"] / _LANE_BITS, "a lane"),
            "trit_decode_per_weight": figure(decoder["area_um2"], f"a weight in {encoding}"),
            **{
                name: figure(units[name].area_um2, "by itself")
                for name in ("int8_multiply", "fp16_add", "fp16_multiply")
            },
            "sram_per_bit": memory(memories.area_um2_per_bit),
            "weight_check_per_bit": figure(units[CHECK_GROUP].area_um2, _CHECKED),
        },
        "leakage": {
            # 1 nW for 1 um2 is 1 mW for 1 mm2.
            "logic_mw_per_mm2": figure(leakage_nw / area_um2, "all cells of the arrays"),
            "sram_mw_per_mb": memory(memories.leakage_mw_per_mb),
        },
    }


def _banks(memories: Memories) -> dict[str, Any]:
    """Return what an access takes to a memory that is larger than any macro."""
    largest = memories.macros[-1]
    grown = largest.mean_pj
    if len(memories.macros) > 1:
        last = memories.macros[-2]
        law = math.log(largest.mean_pj / last.mean_pj, largest.kilobytes / last.kilobytes)
        grown *= (_BANKED_KILOBYTES / largest.kilobytes) ** law
    return {
        "kilobytes": _BANKED_KILOBYTES,
        "low": largest.mean_pj / memories.spread,
        "nominal": largest.mean_pj,
        "high": max(largest.mean_pj, grown) * memories.spread,
        "source": "banks of the largest macro, of which an access takes one, without the wires to "
        "it; high: one memory that grows as the macros do",
        "status": "modelled",
    }


def _per_weight(
    terms: Sequence[Mapping[str, Any]], group: str, encoding: str | None
) -> dict[str, float]:
    """Return area and energy of a group for each weight, all of whose counts are weights."""
    own = [
        term for term in terms if term["group"] == group and term.get("weight_encoding") == encoding
    ]
    styles = {term.get("lane_style") for term in own}
    return {
        "area_um2": sum(term["area_um2"] for term in own) / len(styles),
        "step_fj": sum(term["step_fj"]["uniform"]["new_fj"] for term in own) / len(styles),
    }
