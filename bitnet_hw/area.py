"""Area of a chip: its parts, counted from the geometry, times the area of each."""

from collections.abc import Mapping
from typing import Any

from bitnet_hw.config import Config
from bitnet_hw.gate_counts import count_of
from bitnet_hw.technology import Areas
from rtl.geometry import ACTIVATION_BITS, Geometry

__all__ = ["ARRAY_PARTS", "chip_area_mm2", "power_at_rest_w", "sram_bits"]

ARRAY_PARTS = ("adder_tree", "lane_select", "weight_decoder", "registers", "accumulators")
"""Parts of a chip that are in the scope ``array``."""

_UM2_PER_MM2 = 1e6
_BYTES_PER_MB = 1 << 20


def chip_area_mm2(config: Config, edge: str = "nominal") -> dict[str, float]:
    """Return the cell area of each part of a chip in mm2; empty if the technology has no areas.

    Wires, unused places between cells, pads and control are not included.
    """
    areas = config.technology.area_um2
    if areas is None:
        return {}
    geometry = config.array
    logic = {
        **(_gates_um2(config) if config.technology.gates else _array_um2(geometry, areas, edge)),
        **_check_um2(geometry, areas, edge),
        "vector_unit": config.vector_unit.fp16_macs_per_cycle
        * (areas.fp16_multiply.at(edge) + areas.fp16_add.at(edge)),
    }
    sram = {name: bits * areas.sram_per_bit.at(edge) for name, bits in sram_bits(geometry).items()}
    return {name: um2 / _UM2_PER_MM2 for name, um2 in {**logic, **sram}.items()}


def power_at_rest_w(
    config: Config, area: Mapping[str, float], edge: str = "nominal"
) -> dict[str, float]:
    """Return the power in W that array and rest of a chip draw whatever they do, by component.

    Leakage and, where the technology knows its gates, the clock of the array, which never stops.

    Parameters
    ----------
    config : Config
        The accelerator.
    area : mapping of str to float
        Its `chip_area_mm2`.
    edge : str
        Which end of the published leakage.
    """
    leakage = config.technology.leakage
    if leakage is None:
        return {}
    logic_w = leakage.logic_mw_per_mm2.at(edge) * 1e-3
    stored_mb = sum(sram_bits(config.array).values()) / 8 / _BYTES_PER_MB
    check_w = area.get("weight_check", 0.0) * logic_w
    if config.technology.gates:
        # 1 nW, and 1 fJ in each cycle.
        array = {
            "array_clock": _gates_sum(config, "clock_fj") * 1e-15 * config.clock_hz,
            "array_leakage": _gates_sum(config, "leakage_nw") * 1e-9 + check_w,
        }
    else:
        array = {"array_leakage": sum(area[part] for part in ARRAY_PARTS) * logic_w + check_w}
    return {
        **array,
        "core_leakage": area["vector_unit"] * logic_w
        + stored_mb * (leakage.sram_mw_per_mb.at(edge) * 1e-3),
    }


def sram_bits(geometry: Geometry) -> dict[str, int]:
    """Return the sizes of the memories on the chip."""
    return {
        "activation_store": geometry.activation_store_bits,
        "result_buffer": geometry.result_slots * geometry.rows * geometry.accumulator_bits,
    }


def _check_um2(geometry: Geometry, areas: Areas, edge: str) -> dict[str, float]:
    """Return the area of the check of weight words, where there is one."""
    if geometry.weight_check == "none":
        return {}
    per_bit = areas.weight_check_per_bit.at(edge) if areas.weight_check_per_bit else 0.0
    return {"weight_check": geometry.weight_bus_bits * per_bit}


def _gates_um2(config: Config) -> dict[str, Any]:
    """Return the area of the parts of an array, in the order of `ARRAY_PARTS`."""
    gates, array = config.technology.gates, config.array
    assert gates is not None
    areas: dict[str, Any] = dict.fromkeys(ARRAY_PARTS, 0.0)
    for component, count, term in gates.parts(array.weight_encoding, array.lane_style):
        areas[component] = areas[component] + count_of(array, count) * gates.area_um2(term)
    return areas


def _gates_sum(config: Config, figure: str) -> Any:
    """Return what all gates of an array have together of a figure."""
    gates, array = config.technology.gates, config.array
    assert gates is not None
    total: Any = 0.0
    for _, count, term in gates.parts(array.weight_encoding, array.lane_style):
        total = total + count_of(array, count) * getattr(gates, figure)(term)
    return total


def _array_um2(geometry: Geometry, areas: Areas, edge: str) -> dict[str, float]:
    rows, lanes = geometry.rows, geometry.lanes
    add, register = areas.int_add_per_bit.at(edge), areas.register_per_bit.at(edge)
    register_bits = (
        geometry.activation_word_bits
        + rows * geometry.tree_register_bits
        + geometry.tile_register_bits
    )
    partial_bits = rows * geometry.accumulator_bits
    return {
        "adder_tree": rows * geometry.tree_add_bits * add,
        "lane_select": rows * lanes * ACTIVATION_BITS * areas.lane_select_per_bit.at(edge),
        "weight_decoder": geometry.word_trits * areas.trit_decode_per_weight.at(edge),
        "registers": register_bits * register,
        "accumulators": partial_bits * add + partial_bits * geometry.max_tokens * register,
    }
