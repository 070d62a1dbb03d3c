"""What is known of an array on an FPGA, with what belongs to the wrapper kept apart."""

import dataclasses
import datetime
from dataclasses import dataclass
from statistics import median
from typing import Any

from bitnet_hw.config import Config
from bitnet_hw.fpga.placement import Placement
from bitnet_hw.fpga.synthesis import Synthesis
from bitnet_hw.fpga.target import Target
from bitnet_hw.fpga.tools import tool_versions

__all__ = ["Implementation", "resources"]


def resources(cells: dict[str, int], target: Target) -> dict[str, int]:
    """Return cells by kind of resource; those that take none of their own are left out."""
    counts = dict.fromkeys(target.family.cells, 0)
    for cell, count in cells.items():
        kind = target.family.kind(cell)
        if kind is not None:
            counts[kind] += count
    return counts


@dataclass(frozen=True)
class Implementation:
    """An array, placed and routed on a device with one or several seeds.

    Attributes
    ----------
    config : Config
        The array; its clock, memory and technology play no part.
    target : Target
        The device.
    synthesis : Synthesis
        Its cells.
    placements : tuple of Placement
        One for each seed, in their order.
    """

    config: Config
    target: Target
    synthesis: Synthesis
    placements: tuple[Placement, ...]

    @property
    def best(self) -> Placement:
        """Placement with the highest clock."""
        return max(self.placements, key=lambda placement: placement.fmax_mhz)

    @property
    def fmax_mhz(self) -> dict[str, float]:
        """Highest clock: the ``best``, ``median`` and ``worst`` of the placements."""
        clocks = [placement.fmax_mhz for placement in self.placements]
        return {"best": max(clocks), "median": median(clocks), "worst": min(clocks)}

    @property
    def logic(self) -> int:
        """Places for logic that the accelerator takes: those of the device less the wrapper's.

        Of an iCE40 an upper bound: a register of the wrapper may share its place with a look-up
        table, and where it does not is not known.
        """
        frame = resources(self.synthesis.wrapper, self.target)
        sites = self.target.family.sites
        shared = sites["logic"] == sites["register"]
        own = max(frame["lut"], frame["register"]) if shared else frame["lut"]
        return self.best.used["logic"] - own

    @property
    def logic_per_mac(self) -> float:
        """Places for logic for each multiply-accumulate in a cycle."""
        return self.logic / self.config.array.macs_per_cycle

    @property
    def peak_gmacs(self) -> float:
        """1e9 multiply-accumulates in a second at the best clock."""
        return 1e-3 * self.config.array.macs_per_cycle * self.best.fmax_mhz

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        target, synthesis, best = self.target, self.synthesis, self.best
        seconds = {
            "synthesis": synthesis.seconds,
            "place_and_route": [item.place_and_route_s for item in self.placements],
            "pack": [item.pack_s for item in self.placements],
        }
        return {
            "array": self.config.name,
            "geometry": dataclasses.asdict(self.config.array),
            "scope": "core",
            "target": {"name": target.name, "device": target.title, "family": target.family.name},
            "tools": tool_versions(target.family),
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "verilog_sha256": synthesis.verilog_sha256,
            "fmax_mhz": self.fmax_mhz,
            "peak_gmacs_per_s": self.peak_gmacs,
            "logic_places": self.logic,
            "logic_places_per_mac": self.logic_per_mac,
            "accelerator": resources(synthesis.accelerator, target),
            "wrapper": resources(synthesis.wrapper, target),
            "activation_store": synthesis.activations or {"registers": self._store_bits},
            "utilization": {
                kind: {
                    "used": best.used[kind],
                    "available": available,
                    "fraction": best.used[kind] / available if available else 0.0,
                }
                for kind, available in target.available.items()
            },
            "critical_path": dataclasses.asdict(best.critical_path),
            "bitstream": {"bytes": best.bitstream_bytes, "sha256": best.bitstream_sha256},
            "seeds": [
                {
                    "seed": item.seed,
                    "fmax_mhz": item.fmax_mhz,
                    "logic_places": item.used["logic"],
                    "bitstream_sha256": item.bitstream_sha256,
                    "path": f"{item.critical_path.start} to {item.critical_path.end}",
                }
                for item in self.placements
            ],
            "seconds": seconds,
            "cells": {"accelerator": synthesis.accelerator, "wrapper": synthesis.wrapper},
        }

    @property
    def _store_bits(self) -> int:
        return self.config.array.activation_store_bits
