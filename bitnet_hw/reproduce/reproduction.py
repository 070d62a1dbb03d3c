"""Which figures are compared, and how well they agree."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bitnet_hw.errors import ConfigError
from bitnet_hw.key_path import show, suggestion
from bitnet_hw.presets import is_path, preset_names
from bitnet_hw.reproduce.published import load_published, published_names
from bitnet_hw.reproduce.row import Row

__all__ = ["LARGE_ERROR", "Reproduction", "Summary", "reproduce"]

LARGE_ERROR = 0.10
"""Beyond it a difference wants a reason."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How well a kind of figures agrees.

    Parameters
    ----------
    kind : str
        ``"reproduced"``; ``"systems"``, those of them that are predicted for a machine, which
        formulas of arithmetic are not; ``"unseen"``.
    figures : int
        Figures that were compared.
    median_error : float
        Median of the errors without their sign.
    worst : Row
        The figure with the largest error.
    """

    kind: str
    figures: int
    median_error: float
    worst: Row

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON-ready values."""
        return {
            "kind": self.kind,
            "figures": self.figures,
            "median_error": self.median_error,
            "worst_error": self.worst.relative_error,
            "worst_figure": f"{self.worst.group}: {self.worst.figure}",
        }


@dataclass(frozen=True)
class Reproduction:
    """Published figures beside ours.

    Parameters
    ----------
    rows : tuple of Row
        In the order of the files.
    """

    rows: tuple[Row, ...]

    @property
    def compared(self) -> tuple[Row, ...]:
        """Figures whose difference is an error: all but those that our gates answer."""
        return tuple(row for row in self.rows if row.kind != "gates")

    @property
    def summaries(self) -> tuple[Summary, ...]:
        """Agreement of the compared figures, without those of calibration: they prove nothing."""
        computed = [row for row in self.compared if row.ours is not None]
        reproduced = [row for row in computed if row.kind == "reproduced"]
        kinds = {
            "reproduced": reproduced,
            "systems": [row for row in reproduced if row.system],
            "unseen": [row for row in computed if row.kind == "unseen"],
        }
        if len(kinds["systems"]) == len(reproduced):
            del kinds["systems"]
        found = []
        for kind, rows in kinds.items():
            if rows:
                errors = [_size(row) for row in rows]
                worst = max(rows, key=_size)
                median = statistics.median(errors)
                found.append(
                    Summary(kind=kind, figures=len(rows), median_error=median, worst=worst)
                )
        return tuple(found)

    @property
    def misses(self) -> tuple[Row, ...]:
        """Figures beyond `LARGE_ERROR`, largest first, after those that could not be computed."""
        large = [row for row in self.compared if row.ours is None or _size(row) > LARGE_ERROR]
        return tuple(sorted(large, key=lambda row: (row.ours is not None, -_size(row))))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return {
            "rows": [row.to_dict() for row in self.rows],
            "summary": [summary.to_dict() for summary in self.summaries],
            "not_computed": [f"{row.group}: {row.figure}" for row in self.rows if row.ours is None],
        }


def reproduce(names: Sequence[str] = ()) -> Reproduction:
    """Return published figures beside ours.

    Parameters
    ----------
    names : sequence of str
        Sets of figures (a name, or the path of a .yaml file) or names of systems; all sets if there
        are none.

    Raises
    ------
    ConfigError
        If a name is neither, or something in a file is wrong.
    """
    rows: dict[Row, None] = {}
    for name in names or published_names():
        rows |= dict.fromkeys(_rows(name))
    return Reproduction(tuple(rows))


def _rows(name: str) -> list[Row]:
    if is_path(name) or name in published_names():
        return list(load_published(name).rows())
    systems = preset_names("systems")
    if name not in systems:
        known = suggestion(name, list(dict.fromkeys([*published_names(), *systems])))
        raise ConfigError(
            f"NAME must be a set of published figures, a system or the path of a .yaml file, "
            f"not {show(name)}; {known}"
        )
    everything = (row for group in published_names() for row in load_published(group).rows())
    return [row for row in everything if row.system == name]


def _size(row: Row) -> float:
    return 0.0 if row.relative_error is None else abs(row.relative_error)
