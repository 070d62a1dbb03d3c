"""Counts of events for many designs at once."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bitnet_hw.config import Config
from bitnet_hw.energy import Event, Ledger

__all__ = ["LedgerColumns"]

_Key = tuple[str, int, int, str, int | None]


@dataclass
class LedgerColumns(Ledger):
    """A ledger whose counts, and sizes of events, may be columns.

    Events of a component that differ in nothing but a column of sizes are the same event: within a
    component the size follows from the geometry.
    """

    columns: dict[str, dict[_Key, tuple[Event, Any]]] = field(default_factory=dict)

    def add(self, component: str, event: Event, count: Any) -> None:
        """Count an event."""
        size = None if isinstance(event.size, np.ndarray) else event.size
        key = (event.kind, event.level, event.tokens, event.term, size)
        events = self.columns.setdefault(component, {})
        events[key] = event, events[key][1] + count if key in events else count

    def add_all(self, other: Ledger, times: int = 1) -> None:
        """Count everything that another ledger has counted, so many times."""
        if isinstance(other, LedgerColumns):
            for component, events in other.columns.items():
                for event, count in events.values():
                    self.add(component, event, times * count)
        for component, counts in other.counts.items():
            for event, count in counts.items():
                self.add(component, event, times * count)

    def count(self, component: str) -> Any:
        """Return the number of events of a component."""
        return sum(count for _, count in self.columns.get(component, {}).values())

    def energy_j(
        self, config: Config, edge: str = "nominal", zeros: str | None = None
    ) -> dict[str, Any]:
        """Return the energy of each component in J."""
        return {
            component: 1e-12
            * sum(
                count * event.energy_pj(config, edge, zeros)
                for event, count in sorted(events.values(), key=lambda item: item[0].place)
            )
            for component, events in self.columns.items()
        }
