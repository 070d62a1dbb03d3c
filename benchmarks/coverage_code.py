"""Lines and toggles of each module, over all accelerators: reached, waived, missing."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmarks.coverage_counts import ModuleCounts, Toggle
from benchmarks.coverage_waivers import WAIVERS
from rtl.geometry import Geometry
from sim.cover_sizes import label

__all__ = ["Kind", "ModuleCoverage", "code_coverage"]

_PREFIX = "bitnet_accelerator"


@dataclass
class Kind:
    """Points of one kind.

    Attributes
    ----------
    points, reached : int
        How many there are, and how many were reached.
    missing : list of str
        Those that were not, and that nothing excuses.
    """

    points: int = 0
    reached: int = 0
    missing: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Share of the points that were reached."""
        return self.reached / self.points if self.points else 1.0

    def add(self, name: str, hits: int) -> None:
        """Count a point."""
        self.points += 1
        self.reached += hits > 0
        if not hits:
            self.missing.append(name)


@dataclass
class ModuleCoverage:
    """A module in all accelerators that have it.

    Attributes
    ----------
    name : str
        The module.
    lines, branches, toggles, unnamed : Kind
        What there is in it.
    waived : dict of int
        Toggles that did not happen, by the reason why they cannot.
    wrongly_waived : list of str
        Toggles that happened although a waiver says that they cannot.
    """

    name: str
    lines: Kind = field(default_factory=Kind)
    branches: Kind = field(default_factory=Kind)
    toggles: Kind = field(default_factory=Kind)
    unnamed: Kind = field(default_factory=Kind)
    waived: dict[str, int] = field(default_factory=dict)
    wrongly_waived: list[str] = field(default_factory=list)


def code_coverage(
    runs: Iterable[tuple[Geometry, dict[str, ModuleCounts]]],
) -> list[ModuleCoverage]:
    """Add up the counts of several accelerators, by module.

    A point counts once for each accelerator that has it: it must be reached in all of them.
    """
    found: dict[str, ModuleCoverage] = {}
    for geometry, modules in runs:
        for module, counts in modules.items():
            name = module.removeprefix(_PREFIX).lstrip("._") or "accelerator"
            _add(found.setdefault(name, ModuleCoverage(name)), geometry, module, counts)
    return [found[name] for name in sorted(found)]


def _add(total: ModuleCoverage, geometry: Geometry, module: str, counts: ModuleCounts) -> None:
    where = label(geometry)
    for kind, points in ((total.lines, counts.lines), (total.branches, counts.branches)):
        for (line, what), hits in points.items():
            kind.add(f"{where}: line {line}, {what}", hits)
    for toggle, hits in counts.unnamed.items():
        total.unnamed.add(f"{where}: {toggle}", hits)
    for toggle, hits in counts.toggles.items():
        reason = _reason(geometry, module, toggle)
        if reason is None:
            total.toggles.add(f"{where}: {toggle}", hits)
            continue
        total.toggles.points += 1
        total.toggles.reached += hits > 0
        if hits:
            total.wrongly_waived.append(f"{where}: {toggle}")
        else:
            total.waived[reason] = total.waived.get(reason, 0) + 1


def _reason(geometry: Geometry, module: str, toggle: Toggle) -> str | None:
    for waiver in WAIVERS:
        if waiver.covers(geometry, module, toggle):
            return waiver.reason
    return None
