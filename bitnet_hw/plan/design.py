"""One design of a plan: its estimate by the scalar path, and how far it is from each limit."""

import json
import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bitnet_hw.estimate import estimate
from bitnet_hw.plan.file import Plan
from bitnet_hw.plan.requirement import Requirement
from bitnet_hw.plan.totals import system_fields
from bitnet_hw.row import Row
from bitnet_hw.sweep_point import Point, evaluate_point

__all__ = ["Design", "Margin", "design", "number"]


@dataclass(frozen=True)
class Margin:
    """How a design stands to a requirement.

    Parameters
    ----------
    requirement : str
        The condition.
    holds : bool
        Whether it holds.
    value, limit : float or None
        What is compared, and with what; None if that is no number.
    room : float or None
        Share of the limit that is left; negative if it is missed.
    """

    requirement: str
    holds: bool
    value: float | None = None
    limit: float | None = None
    room: float | None = None


@dataclass(frozen=True, kw_only=True)
class Design:
    """A design and everything that is reported of it.

    Parameters
    ----------
    index : int
        Its number in the search.
    values : mapping of str to object
        The fields that the search gives.
    fields : mapping
        What `bitnet_hw.plan.totals.system_fields` reports.
    row : Row
        The same and the values, by dotted names.
    margins : tuple of Margin
        How it stands to each requirement.
    command : str or None
        What estimates it again; None if its base is not a file of its own.
    """

    index: int
    values: Mapping[str, Any]
    fields: Mapping[str, Any]
    row: Row
    margins: tuple[Margin, ...]
    command: str | None

    @property
    def memory(self) -> str:
        """The memories of each chip."""
        count = self.fields["memory_count"]
        name = self.fields["memory"]
        return f"{count} x {name}" if count > 1 else str(name)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values; what has no value is None."""
        return {
            "index": self.index,
            "values": dict(self.values),
            "command": self.command,
            "margins": [
                {name: number(value) for name, value in vars(margin).items()}
                for margin in self.margins
            ],
            **_finite(self.fields),
        }


def design(plan: Plan, index: int) -> Design:
    """Return a design of a plan by its number.

    Raises
    ------
    ConfigError
        If it is wrong.
    """
    point = plan.sweep.point(index)
    result = estimate(point.config(), point.model(), **point.step())
    fields = system_fields(result, plan.costs)
    # Baselines are about arrays, not systems.
    del fields["baselines"]
    row = evaluate_point(point, lambda _: fields)
    return Design(
        index=index,
        values=point.values,
        fields=fields,
        row=row,
        margins=tuple(_margin(requirement, row) for requirement in plan.requirements),
        command=_command(plan, point),
    )


def number(value: Any) -> Any:
    """Return a value, None for a number that is not finite: JSON has none of these."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _margin(requirement: Requirement, row: Row) -> Margin:
    columns = {name: np.array([row.get(name, math.nan)]) for name in requirement.fields}
    holds = bool(np.all(requirement.holds(columns)))
    if requirement.value is None or requirement.limit is None:
        return Margin(requirement.text, holds)
    value, limit = (
        np.broadcast_to(side(columns), 1)[0].item()
        for side in (requirement.value, requirement.limit)
    )
    if isinstance(value, str) or isinstance(limit, str):
        return Margin(requirement.text, holds)
    left = limit - value if requirement.at_most else value - limit
    room = left / abs(limit) if limit and math.isfinite(limit) else None
    return Margin(requirement.text, holds, value, limit, room)


def _command(plan: Plan, point: Point) -> str | None:
    if plan.base is None:
        return None
    step = point.step()
    words = ["bitnet-hw", "estimate", plan.base, "--model", point.workload["model"]]
    words += ["--phase", step["phase"], "--batch", str(step["batch"])]
    words += ["--context", str(step["context"])]
    for key, value in {**plan.settings, **point.values}.items():
        text = value if isinstance(value, str) else json.dumps(value)
        words += ["--set", f"{key}={text}"]
    return shlex.join(words)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(inner) for name, inner in value.items()}
    return number(value)
