"""Seconds of an operator on a machine, and what it waits for."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from bitnet_hw.system import System
from bitnet_hw.system_routes import Overhead, Route
from bitnet_hw.system_work import Work

__all__ = ["OperatorSeconds", "operator_seconds"]


@dataclass(frozen=True, kw_only=True)
class OperatorSeconds:
    """Time of one operator over all layers of a step.

    Parameters
    ----------
    operator, unit : str
        What runs, and where.
    compute_s, transfer_s : float
        Computing at the unit's peak rate, and moving data at the sustained rate of the memory.
        They overlap completely: the longer one counts.
    fixed_s : float
        Launches and named overheads, which overlap with nothing.
    transferred_bytes : float
        Weights and cached keys and values that are moved.
    """

    operator: str
    unit: str
    compute_s: float
    transfer_s: float
    fixed_s: float
    transferred_bytes: float

    @property
    def seconds(self) -> float:
        """Time of the operator."""
        return max(self.compute_s, self.transfer_s) + self.fixed_s

    @property
    def bound(self) -> str:
        """What takes most of the time: ``"compute"``, ``"memory"`` or ``"fixed"``."""
        if self.fixed_s > max(self.compute_s, self.transfer_s):
            return "fixed"
        return "memory" if self.transfer_s > self.compute_s else "compute"

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON-ready values."""
        return {**asdict(self), "seconds": self.seconds, "bound": self.bound}


def operator_seconds(
    system: System,
    work: Work,
    route: Route,
    *,
    layers: int,
    weights: str,
    kv_bits: float | None = None,
) -> OperatorSeconds:
    """Return the time of an operator.

    compute = macs / rate, or elements x cycles / clock; transfer = bytes / (peak x efficiency);
    fixed = launches x launch time + named overheads. The roofline of Williams, Waterman and
    Patterson (CACM 2009), with fixed times added.

    Parameters
    ----------
    system : System
        The machine.
    work : Work
        What is done.
    route : Route
        How it is done.
    layers : int
        Layers of the model.
    weights : str
        Format of the weights.
    kv_bits : float, optional
        Bits of a cached key or value, if not the route's.
    """
    unit = system.units[route.unit]
    passes = -(-work.vectors // (route.vectors_per_pass or max(work.vectors, 1)))
    bits = route.bits.nominal
    if work.operator == "attention" and kv_bits is not None:
        bits = kv_bits
    moved = (work.weights * passes + work.cached) * bits / 8
    efficiency = route.memory_efficiency or system.memory.efficiency
    rate = system.memory.peak_gb_per_s.nominal * 1e9 * efficiency.nominal
    compute = work.macs / unit.macs_per_second
    if route.cycles_per_element:
        compute += work.elements * route.cycles_per_element.nominal / unit.clock_hz
    occurrences = {"layer": layers * passes, "token": work.vectors, "step": 1}
    fixed_us = [work.runs * passes * route.launch_us.nominal]
    fixed_us += [
        overhead.us.nominal * occurrences[overhead.per]
        for overhead in system.overheads.values()
        if _applies(overhead, work.operator, weights)
    ]
    return OperatorSeconds(
        operator=work.operator,
        unit=route.unit,
        compute_s=compute,
        transfer_s=moved / rate,
        fixed_s=math.fsum(fixed_us) * 1e-6,
        transferred_bytes=moved,
    )


def _applies(overhead: Overhead, operator: str, weights: str) -> bool:
    return overhead.operator == operator and overhead.weights in (None, weights)
