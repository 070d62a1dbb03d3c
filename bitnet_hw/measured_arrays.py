"""The arrays that a technology was measured with: where they come from, and their clocks."""

import math
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from bitnet_hw.schema import Block
from rtl.geometry import Geometry

__all__ = ["MeasuredArray", "Provenance", "clock_limit_mhz"]


class Provenance(Block):
    """What figures from gates come from.

    Parameters
    ----------
    library, files, sha256 : str, tuple of str, str
        The cells: name of the library, its files, and a digest of them.
    voltage_v, temperature_c : float
        The corner.
    tools : dict
        Version of each tool.
    date : str
        Day of the measurement.
    clock_mhz : float
        Clock that the mapper was asked for.
    """

    library: str
    files: Annotated[tuple[str, ...], Field(strict=False)]
    sha256: str
    voltage_v: Annotated[float, Field(gt=0)]
    temperature_c: float
    tools: dict[str, str]
    date: str
    clock_mhz: Annotated[float, Field(gt=0)]

    @property
    def title(self) -> str:
        """Library, corner and mapper in a few words."""
        corner = f"{self.voltage_v:g} V, {self.temperature_c:g} C"
        return f"{self.library} ({corner}), {self.tools.get('yosys', 'Yosys')}"


class MeasuredArray(Block):
    """One array: its sizes, its netlists and its highest clock.

    Parameters
    ----------
    rows, lanes, max_tokens, max_k, weight_bus_bits, tree_register_every : int
        As of `Geometry`.
    weight_encoding, lane_style : str
        As of `Geometry`.
    fmax_mhz_by_part : dict
        Highest clock of each part; empty where it was not measured.
    netlists_sha256 : dict
        Digest of the netlist of each part.
    """

    rows: int
    lanes: int
    weight_encoding: str
    weight_bus_bits: int
    max_tokens: int
    max_k: int
    tree_register_every: int
    lane_style: str
    fmax_mhz_by_part: dict[str, Annotated[float, Field(gt=0)]]
    netlists_sha256: dict[str, str]

    @property
    def row_mhz(self) -> float | None:
        """Highest clock of a row.

        That of the loader is left out: an enable that drives thousands of registers, for which a
        layout has a tree of buffers and the mapped netlist has none, limits it.
        """
        return self.fmax_mhz_by_part.get("row")


def clock_limit_mhz(arrays: Sequence[MeasuredArray], geometry: Geometry) -> float | None:
    """Return the highest clock of an array's rows; None if none was measured.

    Of the measured arrays with the most similar registers in their trees: straight between them
    over the logarithm of the lanes, the slowest of those with equal lanes, and that of the nearest
    beyond them.
    """
    timed = [array for array in arrays if array.row_mhz is not None]
    if not timed:
        return None
    every = geometry.tree_register_every
    nearest = min(abs(array.tree_register_every - every) for array in timed)
    slowest: dict[int, float] = {}
    for array in timed:
        if abs(array.tree_register_every - every) == nearest:
            mhz = array.row_mhz or math.inf
            slowest[array.lanes] = min(mhz, slowest.get(array.lanes, math.inf))
    lanes = sorted(slowest)
    below = max((lane for lane in lanes if lane <= geometry.lanes), default=lanes[0])
    above = min((lane for lane in lanes if lane >= geometry.lanes), default=lanes[-1])
    if below == above:
        return slowest[below]
    share = math.log(geometry.lanes / below) / math.log(above / below)
    return slowest[below] + share * (slowest[above] - slowest[below])
