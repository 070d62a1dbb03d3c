"""What a whole system takes, from the estimate of its step: all chips and memories together."""

import math
from collections.abc import Mapping
from typing import Any

from bitnet_hw.energy_scopes import EDGES
from bitnet_hw.estimate_dict import estimate_fields
from bitnet_hw.estimate_result import Estimate
from bitnet_hw.plan.costs import Costs

__all__ = ["TOTALS", "system_fields", "totals"]

TOTALS: Mapping[str, str] = {
    "power_scope": "scope of total_power_w: board if board.idle_w is given, else system",
    "total_power_w": "power while steps follow each other",
    "total_power_range_w": "low and high: all published figures at that end",
    "total_area_mm2": "cell area of all chips",
    "memory_count": "memories of each chip",
    "memory_capacity_bytes": "what the memories of a chip hold",
    "memory_dollars": "price of all memories",
    "chip_dollars": "price of all chips",
    "total_dollars": "price of all memories and chips",
    "total_dollars_range": "low and high: all prices at that end",
}
"""What `totals` adds to the fields of an estimate, and what it means."""


def system_fields(result: Estimate, costs: Costs) -> dict[str, Any]:
    """Return the fields of an estimate and the totals of its system: numbers, or columns."""
    return {**estimate_fields(result), **totals(result, costs)}


def totals(result: Estimate, costs: Costs) -> dict[str, Any]:
    """Return what the whole system takes, by the names in `TOTALS`.

    NaN where there is no figure: areas if the technology has none, prices if the memory has none.
    A range of the power is there if the estimate has energies at both ends.

    Parameters
    ----------
    result : Estimate
        The estimate of a step; its numbers may be columns.
    costs : Costs
        Prices of chips.
    """
    config = result.config
    count, memory, scope = config.chips.count, config.memory, result.scopes[-1]
    area = sum(result.area_mm2.values()) if result.area_mm2 else math.nan
    memories = {edge: count * memory.dollars(edge) for edge in EDGES}
    chips = {
        edge: count * (costs.dollars_per_chip.at(edge) + area * costs.dollars_per_mm2.at(edge))
        for edge in EDGES
    }
    power = {edge: result.step_energy_j(scope, edge) / result.seconds for edge in result.energy_j}
    both = {edge: memories[edge] + chips[edge] for edge in EDGES}
    return {
        "power_scope": scope,
        "total_power_w": power["nominal"],
        "total_power_range_w": {edge: watts for edge, watts in power.items() if edge != "nominal"},
        "total_area_mm2": count * area,
        "memory_count": memory.count,
        "memory_capacity_bytes": memory.capacity_bytes,
        "memory_dollars": memories["nominal"],
        "chip_dollars": chips["nominal"],
        "total_dollars": both["nominal"],
        "total_dollars_range": {"low": both["low"], "high": both["high"]},
    }
