"""The axes of a sweep as columns: which points share a workload, and which a configuration."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.batch.geometry_columns import COLUMNS
from bitnet_hw.batch.size_columns import AUTO, WIDTH, SizeColumns, taken
from bitnet_hw.config import Config
from bitnet_hw.errors import BitnetHwError
from bitnet_hw.estimate import prepare
from bitnet_hw.model import Model
from bitnet_hw.operators import Workload
from bitnet_hw.sweep import Sweep
from bitnet_hw.sweep_point import Point
from bitnet_hw.technology import Operations
from rtl.geometry import SIZE_LIMITS

__all__ = ["Axes", "AxesAt", "Shared"]

Int64s = NDArray[np.int64]

_SIZES = {f"array.{name}": name for name in COLUMNS}
# Fields of the configuration that have a price or a rate: they can differ within a column.
_PRICED = ("clock_mhz", "memory", "technology", "activity", "host", "board", "chips.link")
# Sizes that any other field can be checked with.
_SAFE = {
    **dict.fromkeys(_SIZES, 1),
    "array.weight_bus_bits": 16,
    "array.max_k": SIZE_LIMITS["max_k"],
}


@dataclass(frozen=True, eq=False)
class Shared:
    """What points have in common that are estimated together.

    Parameters
    ----------
    model : Model
        The whole model.
    step : dict
        Phase, batch and context.
    workload : Workload
        What `bitnet_hw.estimate.prepare` returned.
    widest_k : int
        The most inputs of a layer on one chip.
    """

    model: Model
    step: dict[str, Any]
    workload: Workload
    widest_k: int


class Axes:
    """The fields of a sweep by what they decide.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    """

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.sizes = [name for name in sweep.values if name in _SIZES]
        self.priced = [name for name in sweep.values if _is_priced(name)]
        self.grouped = [
            name
            for name in sweep.values
            if name not in _SIZES and name != WIDTH and not _is_priced(name)
        ]
        self.configs: dict[tuple[int, ...], Config | None] = {}
        self.shared: dict[tuple[int, ...], Shared | None] = {}

    def at(self, indices: Int64s) -> "AxesAt":
        """Return the axes of some points."""
        return AxesAt(self, indices)

    def config(self, index: int, choice: tuple[int, ...]) -> Config | None:
        """Return the configuration of a point but for its sizes; None if it is wrong."""
        if choice not in self.configs:
            point = self.sweep.point(index)
            values = {
                name: value
                for name, value in point.values.items()
                if name not in _SIZES and name != WIDTH
            }
            origins = {**point.origins, **dict.fromkeys(_SAFE, "")}
            safe = replace(point, values={**values, **_SAFE}, origins=origins)
            self.configs[choice] = _checked(safe)
        return self.configs[choice]

    def of_group(self, index: int, choice: tuple[int, ...], config: Config) -> Shared | None:
        """Return what the points of a group share; None if there is no such workload."""
        if choice not in self.shared:
            self.shared[choice] = _shared(self.sweep.point(index), config)
        return self.shared[choice]


class AxesAt:
    """The axes at some points of a sweep.

    Members
    -------
    sizes : SizeColumns
        Sizes of the arrays and of the vector units.
    """

    def __init__(self, axes: Axes, indices: Int64s) -> None:
        self._axes = axes
        self._indices = indices
        self._places: dict[str, Int64s] = {}
        rest = indices
        for name, choices in reversed(list(axes.sweep.values.items())):
            rest, self._places[name] = np.divmod(rest, len(choices))
        self.sizes = SizeColumns(axes.sweep, self._places, len(indices))

    def shown(self, name: str) -> Any:
        """Return the values of a field as a row shows them."""
        if name == "array.weight_bus_bits" and AUTO in self._axes.sweep.values[name]:
            return self.sizes.size("weight_bus_bits")
        choices = [
            json.dumps(value) if isinstance(value, dict | list) else value
            for value in self._axes.sweep.values[name]
        ]
        return taken(choices, self._places[name])

    def groups(self) -> Iterator[tuple[Shared, Int64s]]:
        """Yield what points share, and which points those are; wrong ones are left out."""
        axes = self._axes
        for choice, rows in self._split(axes.grouped, np.arange(len(self._indices))):
            alike: dict[tuple[bool, ...], list[Int64s]] = {}
            shared = None
            for priced, part in self._split(axes.priced, rows):
                index = int(self._indices[part[0]])
                config = axes.config(index, (*choice, *priced))
                if config is None:
                    continue
                shared = axes.of_group(index, choice, config)
                alike.setdefault(_left_out(config), []).append(part)
            if shared is not None:
                for parts in alike.values():
                    yield shared, np.sort(np.concatenate(parts))

    def profiles(self, shared: Shared, rows: Int64s) -> tuple[list[Config], Int64s]:
        """Return the different configurations of points, and which of them is each point's."""
        configs: list[Config] = []
        which = np.zeros(len(self._indices), np.int64)
        for choice, part in self._split([*self._axes.grouped, *self._axes.priced], rows):
            config = self._axes.config(int(self._indices[part[0]]), choice)
            assert config is not None
            which[part] = len(configs)
            configs.append(config)
        return configs, which[rows]

    def _split(
        self, names: Sequence[str], rows: Int64s
    ) -> Iterator[tuple[tuple[int, ...], Int64s]]:
        """Yield the combinations of choices of some fields, and the points that have them."""
        code = np.zeros(len(rows), np.int64)
        for name in names:
            code = code * len(self._axes.sweep.values[name]) + self._places[name][rows]
        order = np.argsort(code, kind="stable")
        starts = np.flatnonzero(np.diff(code[order], prepend=-1))
        for part in np.split(order, starts[1:]):
            row = rows[part[0]]
            yield tuple(int(self._places[name][row]) for name in names), rows[part]


def _is_priced(name: str) -> bool:
    return any(name == key or name.startswith(f"{key}.") for key in _PRICED)


def _checked(point: Point) -> Config | None:
    try:
        return point.config()
    except BitnetHwError:
        return None


def _shared(point: Point, config: Config) -> Shared | None:
    try:
        model, step = point.model(), point.step()
        workload = prepare(config, model, **step)
    except (BitnetHwError, TypeError, ValueError):
        return None
    jobs = (job for operator in workload.operators for job in getattr(operator, "jobs", ()))
    return Shared(model, step, workload, max(job.k for job in jobs))


def _left_out(config: Config) -> tuple[Any, ...]:
    """Return which optional parts a configuration has: those of a column have the same."""
    technology, array = config.technology, config.array
    gates = technology.gates
    parts = gates.parts(array.weight_encoding, array.lane_style) if gates else None
    optional = [config.host, config.board, technology.area_um2, technology.leakage]
    optional += [getattr(technology.energy_pj, name) for name in Operations.model_fields]
    return parts, *(item is None for item in optional)
