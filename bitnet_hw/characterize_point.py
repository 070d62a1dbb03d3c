"""A point of a sweep in standard cells: its array is mapped, simulated and added up."""

from dataclasses import asdict
from functools import cache
from typing import Any

from bitnet_hw.gates.flow import characterize_array
from bitnet_hw.gates.library import Library, find_library
from bitnet_hw.gates.operands import Operands, draw_operands
from bitnet_hw.sweep_point import Point

__all__ = ["characterization_fields"]


def characterization_fields(point: Point) -> dict[str, Any]:
    """Characterise the array of a point; netlists and simulators are kept in the user's cache.

    Returns
    -------
    dict
        Figures of scope `array`: ``area_um2`` and ``area_um2_per_mac``, ``leakage_mw``, ``cells``,
        ``fmax_mhz`` (None without OpenSTA), and ``fj_per_mac`` with new weights in each step
        (``new``) and with weights that stay for `max_tokens` steps (``kept``).

    Raises
    ------
    ConfigError
        If the configuration or the library is wrong.
    BuildFailed, SimulationFailed
        If a tool fails, or the netlist computes nonsense.
    ToolMissing
        If Yosys, Verilator or a package that they need is not installed.
    """
    config = point.config()
    library = _library(point.settings["library"])
    found = characterize_array(config, library, [_operands(point.settings["operands"])])
    energies = {stream.tokens: stream.fj_per_mac for stream in found.streams}
    return {
        "library": library.name,
        "clock_mhz": config.clock_mhz,
        "array": asdict(config.array),
        "macs_per_cycle": config.array.macs_per_cycle,
        "area_um2": found.area_um2,
        "area_um2_per_mac": found.area_um2_per_mac,
        "leakage_mw": 1e-6 * sum(group.leakage_nw for group in found.groups),
        "cells": sum(group.cells for group in found.groups),
        "fmax_mhz": found.fmax_mhz,
        "fj_per_mac": {"new": energies[1], "kept": energies[config.array.max_tokens]},
    }


# A worker asks for them with every point: a library is megabytes of text, and operands are trained.
@cache
def _library(reference: str) -> Library:
    return find_library(reference)


@cache
def _operands(name: str) -> Operands:
    return draw_operands(name)
