"""Cover points: lists of named cases, each a question about something that happened.

A bin is hit by an event for which its predicate holds, and in no other way.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, TypeVar

from sim.coverage_events import Event

__all__ = ["Bin", "CoverPoint", "Coverage", "Predicate", "cases", "cross", "each"]

Predicate = Callable[[Any], bool]
T = TypeVar("T")


@dataclass(frozen=True)
class Bin:
    """A case that must happen: its name, and whether an event is one."""

    name: str
    holds: Predicate


@dataclass(frozen=True)
class CoverPoint:
    """Cases of one kind of event.

    Parameters
    ----------
    group, name : str
        What it is about.
    event : type
        The kind of event.
    bins : sequence of Bin
        The cases.

    Raises
    ------
    ValueError
        If there are none, or two have one name.
    """

    group: str
    name: str
    event: type[Event]
    bins: Sequence[Bin]

    def __post_init__(self) -> None:
        names = [item.name for item in self.bins]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"Cover point {self.name} must have bins of different names")


def cases(group: str, name: str, event: type[Event], bins: Mapping[str, Predicate]) -> CoverPoint:
    """Return the point whose bins have these names and predicates."""
    return CoverPoint(group, name, event, [Bin(*item) for item in bins.items()])


def each(
    values: Iterable[T], holds: Callable[[Any, T], bool], name: Callable[[T], str] = str
) -> list[Bin]:
    """Return a bin for each value, hit by an event for which ``holds(event, value)``."""

    def one(value: T) -> Bin:
        return Bin(name(value), lambda event: holds(event, value))

    return [one(value) for value in values]


def cross(
    name: str, first: CoverPoint, second: CoverPoint, *, group: str | None = None
) -> CoverPoint:
    """Return the point whose bins are all pairs of bins of two points, in one event.

    Raises
    ------
    ValueError
        If the points are of different events.
    """
    if first.event is not second.event:
        raise ValueError(f"Cover point {name} must cross points of one event")

    def both(a: Bin, b: Bin) -> Bin:
        return Bin(f"{a.name}, {b.name}", lambda event: a.holds(event) and b.holds(event))

    bins = [both(a, b) for a, b in product(first.bins, second.bins)]
    return CoverPoint(first.group if group is None else group, name, first.event, bins)


@dataclass
class Coverage:
    """How often each bin of a list of points was hit.

    Parameters
    ----------
    points : sequence of CoverPoint
        The points, of different names.

    Raises
    ------
    ValueError
        If two have one name.
    """

    points: Sequence[CoverPoint]
    _hits: Counter[tuple[str, str]] = field(default_factory=Counter, init=False)

    def __post_init__(self) -> None:
        if len({point.name for point in self.points}) < len(self.points):
            raise ValueError("Cover points must have different names")

    def sample(self, events: Iterable[Event]) -> None:
        """Count what happened."""
        by_event: dict[type[Event], list[tuple[tuple[str, str], Predicate]]] = {}
        for point in self.points:
            for item in point.bins:
                by_event.setdefault(point.event, []).append(((point.name, item.name), item.holds))
        for event in events:
            for key, holds in by_event.get(type(event), ()):
                if holds(event):
                    self._hits[key] += 1

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the hits of each bin, by point."""
        return {
            point.name: {item.name: self._hits[point.name, item.name] for item in point.bins}
            for point in self.points
        }

    def add(self, counts: dict[str, dict[str, int]]) -> None:
        """Add what `counts` of another run of the same points returned.

        Raises
        ------
        ValueError
            If it has other points or bins.
        """
        own = self.counts()
        if {k: set(v) for k, v in counts.items()} != {k: set(v) for k, v in own.items()}:
            raise ValueError("Counts must be of the same points and bins")
        for point, bins in counts.items():
            for name, hits in bins.items():
                self._hits[point, name] += hits

    def missing(self, point: CoverPoint) -> list[str]:
        """Return the bins of a point that were never hit."""
        return [item.name for item in point.bins if not self._hits[point.name, item.name]]
