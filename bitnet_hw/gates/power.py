"""Energy of a netlist for each cycle, from the Liberty file and the activity of every net.

Five sums, each over the cells of a group:

* switching: ``1/2 C V^2`` for each toggle of a net; a net's C is the capacitance of the input pins
  on it, and each pin's share is counted where the pin is. Wires have no capacitance here.
* internal: what the library gives for a toggle of each pin, at the pin's load and one input slew;
  where it lists supply and ground apart, their sum.
* clock switching and clock internal: the same for the clock pins of registers and clock gates.
  They toggle twice a cycle, behind a gate only in cycles in which it is enabled. The tree that
  drives them is not there.
* leakage: power times the length of a cycle.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.gates.activity import Activity
from bitnet_hw.gates.cells import Cell, InternalEnergy, Pin
from bitnet_hw.gates.condition import probability
from bitnet_hw.gates.netlist import Instance, Netlist

__all__ = ["KINDS", "Energies", "PowerModel"]

KINDS = ("switching", "internal", "clock switching", "clock internal", "leakage")
"""What energy goes into."""

Energies = dict[str | None, dict[str, float]]
"""fJ for each cycle by group and kind; the group None is what is counted elsewhere."""

Values = NDArray[np.float64]

_CLOCK_TOGGLES = 2.0
_SLEW_STEPS = 20


@dataclass(frozen=True, eq=False)
class PowerModel:
    """A netlist in the cells of a library.

    Parameters
    ----------
    netlist : Netlist
        The netlist.
    cells : dict
        Its cells.
    voltage_v : float
        The supply.
    as_opensta : bool
        Count what OpenSTA counts, to compare: a gated clock always runs, and nets that start at a
        port of the part take it nothing.
    """

    netlist: Netlist
    cells: dict[str, Cell]
    voltage_v: float
    as_opensta: bool = False

    @cached_property
    def areas_um2(self) -> dict[str | None, float]:
        """Area of each group."""
        areas: dict[str | None, float] = defaultdict(float)
        for instance in self.netlist.instances:
            areas[instance.group] += self.cells[instance.cell].area_um2
        return dict(areas)

    @cached_property
    def leakage_nw(self) -> dict[str | None, float]:
        """Leakage of each group."""
        leakage: dict[str | None, float] = defaultdict(float)
        for instance in self.netlist.instances:
            leakage[instance.group] += self.cells[instance.cell].leakage_nw
        return dict(leakage)

    @cached_property
    def loads_ff(self) -> dict[int, float]:
        """Capacitance of the input pins on each net."""
        loads: dict[int, float] = defaultdict(float)
        for instance in self.netlist.instances:
            for name, net in instance.pins.items():
                pin = self.cells[instance.cell].pins[name]
                if not pin.output:
                    loads[net] += pin.capacitance_ff
        return dict(loads)

    @cached_property
    def slew_ps(self) -> float:
        """The slew at the inputs of all cells: the mean of those at their outputs, in turn.

        One number for the whole netlist, found by repetition; internal energy hardly depends on it.
        """
        outputs = [
            (pin.transitions, np.array([self.loads_ff.get(net, 0.0) for net in nets]))
            for cell, name, nets in self._pins()
            if (pin := self.cells[cell].pins[name]).transitions
        ]
        slew = 0.0
        for _ in range(_SLEW_STEPS if outputs else 0):
            sums = [
                np.mean([table.at(slew, load) for table in tables], axis=0)
                for tables, load in outputs
            ]
            slew = float(np.concatenate(sums).mean())
        return slew

    def energies_fj(self, activity: Activity, period_ps: float) -> Energies:
        """Return the energy of a cycle.

        Parameters
        ----------
        activity : Activity
            Of every net.
        period_ps : float
            Length of a cycle, for the leakage.
        """
        toggles = dict(zip(self.netlist.nets, activity.toggles.tolist(), strict=True))
        ones = dict(zip(self.netlist.nets, activity.ones.tolist(), strict=True))
        toggles |= {self.netlist.clock: _CLOCK_TOGGLES, -1: 0.0, -2: 0.0}
        ones |= {self.netlist.clock: 0.5, -1: 0.0, -2: 1.0}
        for net, enable in self._gated_clocks():
            # Between two edges it is low: the pulses are not in what was counted.
            running = 1.0 if self.as_opensta else ones[enable]
            toggles[net], ones[net] = _CLOCK_TOGGLES * running, 0.5 * running
        free = (
            {self.netlist.clock}.union(*self.netlist.inputs.values()) if self.as_opensta else set()
        )
        energies: Energies = defaultdict(lambda: dict.fromkeys(KINDS, 0.0))
        for (name, group), instances in self._by_cell():
            cell = self.cells[name]
            shares = {
                pin: np.array([ones[instance.pins[pin]] for instance in instances])
                for pin in cell.pins
                if pin in instances[0].pins
            }
            for pin_name in shares:
                pin = cell.pins[pin_name]
                nets = [instance.pins[pin_name] for instance in instances]
                rates = np.array([toggles[net] for net in nets])
                loads = np.array([self.loads_ff.get(net, 0.0) for net in nets])
                clock = "clock " if cell.gate or pin_name == cell.clock_pin else ""
                internal = self._per_toggle(cell, pin, shares, loads)
                energies[group][f"{clock}internal"] += float((rates * internal).sum())
                if not pin.output:
                    from_cells = np.array([net not in free for net in nets])
                    charged = 0.5 * pin.capacitance_ff * self.voltage_v**2
                    charged *= float((rates * from_cells).sum())
                    energies[group][f"{clock}switching"] += charged
        for group, leakage in self.leakage_nw.items():
            # 1 nW for 1 ps is 1e-21 J.
            energies[group]["leakage"] += leakage * period_ps * 1e-6
        return dict(energies)

    def _per_toggle(self, cell: Cell, pin: Pin, ones: dict[str, Values], load: Values) -> Values:
        """Return the internal energy of a toggle of a pin, mean of rise and fall, by instance.

        What has conditions counts as often as its condition holds; the inputs that may have toggled
        an output count alike. Rails add up: a library that lists supply and ground measured the
        charge at both and gives each a half.
        """
        total = np.zeros_like(load)
        for rail in dict.fromkeys(energy.rail for energy in pin.energies):
            here = [energy for energy in pin.energies if energy.rail == rail]
            weights = _weights(here, cell, ones, load)
            energy = sum(
                weight * np.mean([table.at(self.slew_ps, load) for table in item.tables], axis=0)
                for item, weight in zip(here, weights, strict=True)
            )
            if pin.output:
                energy = energy / np.maximum(sum(weights), 1e-12)
            total = total + energy
        return total

    def _gated_clocks(self) -> Iterable[tuple[int, int]]:
        """Yield the nets of each gated clock and of what enables it."""
        for instance in self.netlist.instances:
            if gate := self.cells[instance.cell].gate:
                yield instance.pins[gate.output], instance.pins[gate.enable]

    def _by_cell(self) -> Iterable[tuple[tuple[str, str | None], list[Instance]]]:
        groups: dict[tuple[str, str | None], list[Instance]] = defaultdict(list)
        for instance in self.netlist.instances:
            groups[instance.cell, instance.group].append(instance)
        return groups.items()

    def _pins(self) -> Iterable[tuple[str, str, list[int]]]:
        pins: dict[tuple[str, str], list[int]] = defaultdict(list)
        for instance in self.netlist.instances:
            for name, net in instance.pins.items():
                pins[instance.cell, name].append(net)
        return ((cell, name, nets) for (cell, name), nets in pins.items())


def _weights(
    energies: list[InternalEnergy], cell: Cell, ones: dict[str, Values], load: Values
) -> list[Values]:
    """Return how often each energy applies, among those of one pin and rail."""
    weights: list[Values] = []
    for _, same in itertools.groupby(energies, key=lambda energy: energy.related):
        items = list(same)
        likely = [
            probability(item.when, ones, cell.functions) * np.ones_like(load)
            if item.when
            else np.zeros_like(load)
            for item in items
        ]
        rest = np.clip(1 - sum(likely, np.zeros_like(load)), 0, 1)
        weights += [
            weight if item.when else rest for item, weight in zip(items, likely, strict=True)
        ]
    return weights
