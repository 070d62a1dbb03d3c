"""The configurations of many designs, as the estimator's formulas read one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.batch.gathered import Gathered
from bitnet_hw.batch.geometry_columns import GeometryColumns
from bitnet_hw.config import Config

__all__ = ["config_columns"]


@dataclass(frozen=True)
class _VectorUnit:
    fp16_macs_per_cycle: Any


class _ConfigColumns(Gathered):
    """A gathered configuration whose array and vector unit have columns of their own."""

    def __init__(
        self,
        blocks: Sequence[Config],
        which: NDArray[np.int64],
        array: GeometryColumns,
        vector_unit: _VectorUnit,
    ) -> None:
        super().__init__(blocks, which)
        self.array = array
        self.vector_unit = vector_unit
        # What decides the shape of the work is the same for all.
        self.units, self.formats = blocks[0].units, blocks[0].formats
        self.chips = _Chips(blocks[0].chips, Gathered([c.chips.link for c in blocks], which))


class _Chips:
    """The numbers of chips, and a gathered link."""

    def __init__(self, chips: Any, link: Gathered) -> None:
        self.tensor, self.pipeline, self.count, self.link = (
            chips.tensor,
            chips.pipeline,
            chips.count,
            link,
        )


def config_columns(
    profiles: Sequence[Config],
    which: NDArray[np.int64],
    sizes: Mapping[str, NDArray[np.int64]],
    vector_macs: NDArray[np.int64] | int,
) -> Config:
    """Return what stands for the configuration of each design.

    Parameters
    ----------
    profiles : sequence of Config
        The different combinations of clock, memory, technology and whatever else has a price; they
        agree in units, formats, numbers of chips, and in what they leave out.
    which : array
        int64: index of each design's profile.
    sizes : mapping of str to array
        int64: sizes of the arrays, of `geometry_columns.COLUMNS`.
    vector_macs : array
        int64: width of the vector units.
    """
    array = GeometryColumns(profiles[0].array, sizes)
    return cast("Config", _ConfigColumns(profiles, which, array, _VectorUnit(vector_macs)))
