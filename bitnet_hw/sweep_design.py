"""The best design of a sweep, estimated once more with everything that a row leaves out."""

import json
from collections.abc import Mapping
from typing import Any

from bitnet_hw.errors import BitnetHwError
from bitnet_hw.estimate import estimate
from bitnet_hw.estimate_result import Estimate
from bitnet_hw.exploration import Exploration
from bitnet_hw.sweep import Sweep
from bitnet_hw.sweep_point import Point

__all__ = ["best_design", "point_of_row"]

_AUTO = "auto"


def best_design(sweep: Sweep, exploration: Exploration) -> Estimate | None:
    """Return the design that is best in the first objective.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    exploration : Exploration
        What came of it.

    Returns
    -------
    Estimate or None
        None if no point has results, or the sweep has no model to estimate.
    """
    if not exploration.front or sweep.evaluate != "estimate":
        return None
    point = point_of_row(sweep, exploration.rows[exploration.front[0]])
    try:
        return estimate(point.config(), point.model(), **point.step())
    except BitnetHwError:
        # A file that the point names has changed since.
        return None


def point_of_row(sweep: Sweep, row: Mapping[str, Any]) -> Point:
    """Return the point of a row, whatever became of the other rows."""
    index = 0
    for name, choices in sweep.values.items():
        shown = [
            json.dumps(value) if isinstance(value, dict | list) else value for value in choices
        ]
        # The row has the number that "auto" stands for.
        place = shown.index(row[name]) if row[name] in shown else shown.index(_AUTO)
        index = index * len(choices) + place
    return sweep.point(index)
