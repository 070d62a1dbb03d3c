"""Lookup tables of Liberty: energy or transition time over input slew and output load."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.gates.liberty import Group

__all__ = ["Table", "read_table", "table_templates"]

Values = NDArray[np.float64]

_SLEW = ("input_net_transition", "input_transition_time")
_LOAD = ("total_output_net_capacitance",)


@dataclass(frozen=True, eq=False)
class Table:
    """A table of two variables, linear between its points and constant beyond its edges.

    Attributes
    ----------
    slews, loads : array
        Points of the axes, in ps and fF; one of an axis that the table lacks.
    values : array
        [slews, loads].
    """

    slews: Values
    loads: Values
    values: Values

    def at(self, slew: float, load: Values) -> Values:
        """Return the value for one slew and any number of loads."""
        by_load = np.array([np.interp(load, self.loads, row) for row in self.values])
        place = np.interp(slew, self.slews, np.arange(len(self.slews)))
        below = min(int(place), len(self.slews) - 1)
        above = min(below + 1, len(self.slews) - 1)
        result: Values = by_load[below] + (place - below) * (by_load[above] - by_load[below])
        return result


def table_templates(library: Group) -> dict[str, Group]:
    """Return the templates of a library by their names."""
    kinds = ("lu_table_template", "power_lut_template")
    return {
        group.arguments[0]: group
        for kind in kinds
        for group in library.named(kind)
        if group.arguments
    }


def read_table(
    group: Group,
    templates: Mapping[str, Group],
    *,
    value: float,
    slew: float,
    load: float,
) -> Table:
    """Return a table; `value`, `slew` and `load` are what one unit of the file is in ours.

    The axes come in any order and are told apart by the template's variables; the table's own
    indices replace the template's.

    Raises
    ------
    ValueError
        If the table has another variable, a number that is not finite, or not as many values as
        its axes ask for.
    """
    values = np.array([
        float(number)
        for row in group.lists.get("values", [])
        for number in row.replace(",", " ").split()
    ])
    template = templates.get(group.arguments[0]) if group.arguments else None
    axes: list[tuple[str, Values]] = []
    for number in (1, 2):
        variable = template.attributes.get(f"variable_{number}") if template else None
        if template and variable:
            index = group.lists.get(f"index_{number}") or template.lists[f"index_{number}"]
            axes.append((variable, _numbers(index)))
    if any(variable not in (*_SLEW, *_LOAD) for variable, _ in axes):
        raise ValueError(f"a table over {' and '.join(variable for variable, _ in axes)}")
    one = np.zeros(1)
    slews = next((axis for variable, axis in axes if variable in _SLEW), one)
    loads = next((axis for variable, axis in axes if variable in _LOAD), one)
    if len(values) != len(slews) * len(loads):
        raise ValueError(f"{len(values)} values for {len(slews)} slews and {len(loads)} loads")
    if axes and axes[0][0] in _LOAD:
        values = values.reshape(len(loads), len(slews)).T
    with np.errstate(all="ignore"):
        scaled = slew * slews, load * loads, value * values.reshape(len(slews), len(loads))
    if not all(np.isfinite(numbers).all() for numbers in scaled):
        raise ValueError("a table of numbers that are not finite")
    return Table(*scaled)


def _numbers(index: list[str]) -> Values:
    return np.array([float(part) for text in index for part in text.replace(",", " ").split()])
