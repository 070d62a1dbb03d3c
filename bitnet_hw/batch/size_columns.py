"""Sizes of the arrays and vector units of a sweep's points, whatever their file says."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.batch.geometry_columns import COLUMNS
from bitnet_hw.elementwise import for_each_distinct
from bitnet_hw.sweep import Sweep
from rtl.geometry import SIZE_LIMITS, Geometry
from rtl.word_check import width_for

__all__ = ["AUTO", "WIDTH", "SizeColumns", "taken"]

Int64s = NDArray[np.int64]

WIDTH = "vector_unit.fp16_macs_per_cycle"
"""Field that gives the width of the vector unit."""

AUTO = "auto"
"""As ``array.weight_bus_bits``: the width that carries one tile in one word."""

_WIDEST = 1 << 24


class SizeColumns:
    """The sizes of some points of a sweep.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    places : mapping of str to array
        int64: for each field of the sweep, which of its values each point has.
    points : int
        Number of points.
    """

    def __init__(self, sweep: Sweep, places: Mapping[str, Int64s], points: int) -> None:
        self._sweep = sweep
        self._places = places
        self._points = points
        array = sweep.base.data.get("array")
        self._base: dict[str, Any] = dict(array) if isinstance(array, dict) else {}

    def fits(self, rows: Int64s, widest_k: int) -> NDArray[np.bool_]:
        """Tell for some points whether a geometry, and a vector unit, can have their sizes.

        Parameters
        ----------
        rows : array
            int64: the points, by their place among these.
        widest_k : int
            The most inputs of a layer.
        """
        good = np.ones(len(rows), np.bool_)
        for name in COLUMNS:
            size = self.size(name)[rows]
            good &= (size >= 1) & (size <= SIZE_LIMITS[name])
        bus_bits = self.size("weight_bus_bits")[rows]
        good &= (bus_bits % 8 == 0) & (
            ~self._has("weight_check", "hamming")[rows] | (bus_bits >= width_for(1, "hamming"))
        )
        good &= self.size("output_bus_words")[rows] <= self.size("rows")[rows]
        good &= self.size("max_k")[rows] >= widest_k
        width = self._width()[rows]
        return good & (width >= 1) & (width <= _WIDEST)

    def array_sizes(self, rows: Int64s) -> dict[str, Int64s]:
        """Return the sizes of the arrays of some points."""
        return {name: self.size(name)[rows] for name in COLUMNS}

    def vector_macs(self, rows: Int64s) -> Int64s:
        """Return the widths of the vector units of some points."""
        return self._width()[rows]

    def size(self, name: str) -> Int64s:
        """Return a size of the array at each point; 0 where it is not an integer."""
        field = f"array.{name}"
        sweep = self._sweep
        if field not in sweep.values:
            default = Geometry.__dataclass_fields__[name].default
            value = self._base.get(name, default)
            return np.full(self._points, _integer(value))
        choices = sweep.values[field]
        sizes: Int64s = taken([_integer(value) for value in choices], self._places[field])
        if name == "weight_bus_bits" and AUTO in choices:
            auto = np.array([value == AUTO for value in choices])[self._places[field]]
            sizes = np.where(auto, self._tile_bits(), sizes)
        return sizes

    def _tile_bits(self) -> Int64s:
        """Return the width of a weight word that holds one tile, as `Sweep.point` does."""
        weights = self._tile_side("rows") * self._tile_side("lanes")
        per_byte = np.where(self._has("weight_encoding", "trit2"), 4, 5)
        data_bytes = np.maximum(1, -(-weights // per_byte))
        checked = self._has("weight_check", "hamming")
        bits: Int64s = 8 * data_bytes
        bits[checked] = for_each_distinct(
            lambda size: width_for(size, "hamming"), data_bytes[checked]
        )
        return bits

    def _has(self, name: str, value: str) -> NDArray[np.bool_]:
        """Tell for each point whether a key of the array that is a name has a value."""
        field = f"array.{name}"
        choices = self._sweep.values.get(field)
        if choices is None:
            return np.full(self._points, self._base.get(name) == value)
        return np.array([choice == value for choice in choices])[self._places[field]]

    def _tile_side(self, name: str) -> Int64s:
        """Return rows or lanes as `Sweep.point` takes them: 1 where they are not an integer."""
        field = f"array.{name}"
        choices = self._sweep.values.get(field)
        if choices is None:
            choices = (self._base.get(name),)
            places = np.zeros(self._points, np.int64)
        else:
            places = self._places[field]
        # Beyond any size that fits, all are alike.
        sides = [
            min(max(value, -_WIDEST), _WIDEST) if isinstance(value, int) else 1 for value in choices
        ]
        return np.array(sides, np.int64)[places]

    def _width(self) -> Int64s:
        """Return the width of the vector unit at each point; 0 where it is not an integer."""
        sweep = self._sweep
        if WIDTH in sweep.values:
            widths: Int64s = taken(
                [_integer(value) for value in sweep.values[WIDTH]], self._places[WIDTH]
            )
            return widths
        unit = sweep.base.data.get("vector_unit", {})
        value = unit.get("fp16_macs_per_cycle", 64) if isinstance(unit, dict) else 0
        return np.full(self._points, _integer(value))


def taken(choices: Sequence[Any], places: Int64s) -> Any:
    """Return the choice at each place, as an array of numbers if all are of one kind."""
    kinds = {type(choice) for choice in choices}
    plain = len(kinds) == 1 and kinds <= {int, float, bool}
    return np.array(choices, None if plain else object)[places]


def _integer(value: object) -> int:
    """Return an integer that a size may be; 0 for anything else."""
    good = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 62
    return value if good else 0  # type: ignore[return-value]  # checked in the line above
