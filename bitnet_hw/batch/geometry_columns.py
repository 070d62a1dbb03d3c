"""The geometries of many accelerators: each size a column, each formula that of `Geometry`."""

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.elementwise import for_each_distinct
from rtl.geometry import Geometry

__all__ = ["COLUMNS", "GeometryColumns"]

COLUMNS = (
    "rows",
    "lanes",
    "weight_bus_bits",
    "max_k",
    "output_bus_words",
    "tree_register_every",
)
"""Sizes that can differ from design to design; all designs share the others."""

_POWERS = 1 << np.arange(63, dtype=np.int64)


class GeometryColumns(Geometry):
    """Geometries that share encoding, check, lane style and `max_tokens`.

    Parameters
    ----------
    base : Geometry
        Gives what is not in `columns`.
    columns : mapping of str to array
        int64, one number for each design; not checked.
    """

    def __init__(self, base: Geometry, columns: Mapping[str, NDArray[np.int64]]) -> None:
        for name in Geometry.__dataclass_fields__:
            value: Any = columns.get(name, getattr(base, name))
            object.__setattr__(self, name, value)

    @property
    def check_bits(self) -> Any:
        """Check bits of a word."""
        if self.weight_check == "none":
            return 0
        return np.searchsorted(_POWERS, self.weight_bus_bits, side="left") + 1

    @property
    def tree_levels(self) -> Any:
        """Levels of adders: the smallest power of two that holds the operands."""
        return np.searchsorted(_POWERS, self.tree_operands, side="left")

    @property
    def tree_adders(self) -> tuple[tuple[int, Any], ...]:
        """Width and number of the adders of each level; none above the top of a tree."""
        levels: list[tuple[int, Any]] = []
        nodes: Any = np.asarray(self.tree_operands)
        while (nodes > 1).any():
            levels.append((self.style.operand_bits + 1 + len(levels), nodes // 2))
            nodes = -(-nodes // 2)
        return tuple(levels)

    @property
    def tree_register_bits(self) -> Any:
        """Bits of the pipeline registers of a row."""
        style = self.lane_style

        def bits(lanes: int, register_every: int) -> int:
            return _shape(style, lanes, register_every).tree_register_bits

        return for_each_distinct(bits, self.lanes, self.tree_register_every)

    @property
    def sum_of_centers(self) -> Any:
        """What a row's tree adds up to for a product of 0."""
        style = self.lane_style
        return for_each_distinct(
            lambda lanes, _: _shape(style, lanes, 1).sum_of_centers, self.lanes, self.lanes
        )

    @property
    def accumulator_bits(self) -> Any:
        """Width of the signed accumulator."""
        product_bits = np.searchsorted(_POWERS, 128 * np.asarray(self.max_k), side="right")
        return np.maximum(product_bits + 1, self.sum_bits + 1)


@cache
def _shape(style: str, lanes: int, register_every: int) -> Geometry:
    return Geometry(
        rows=1,
        lanes=lanes,
        weight_bus_bits=8,
        max_k=1,
        output_bus_words=1,
        tree_register_every=register_every,
        lane_style=style,
    )


def _compute_once() -> None:
    """Make every property one that keeps its column: formulas read the same ones many times."""
    properties = {**vars(Geometry), **vars(GeometryColumns)}
    for name, item in properties.items():
        if isinstance(item, property) and item.fget is not None:
            kept = cached_property(item.fget)
            kept.__set_name__(GeometryColumns, name)
            setattr(GeometryColumns, name, kept)


_compute_once()
