"""The memory beside the array: how fast it delivers and what a bit costs."""

import math
from typing import Annotated

from pydantic import Field, field_validator

from bitnet_hw.schema import Block, Figure

__all__ = ["Memory"]


class Memory(Block):
    """DRAM that holds weights, KV cache and everything else that does not fit on the chip.

    Parameters
    ----------
    name, title : str
        Name of the preset and what it stands for.
    count : int
        How many of them a chip has; all other numbers are those of one.
    peak_gb_per_s : Figure
        Peak transfer rate in 10^9 bytes per second.
    efficiency : Figure
        Share of the peak that long bursts sustain.
    energy_pj_per_bit : Figure
        Energy of a transferred bit, read or written, array, interface and all.
    background_mw : Figure
        Power that is drawn whether or not anything is transferred.
    capacity_gb : Figure, optional
        What it holds, in 10^9 bytes; without it, whatever is asked of it.
    dollars_per_gb : Figure, optional
        What 10^9 bytes of it cost.
    """

    name: str = "inline"
    title: str = ""
    count: Annotated[int, Field(ge=1, le=1024)] = 1
    peak_gb_per_s: Figure
    efficiency: Figure = Figure(nominal=1, source="assumed where a memory does not state it")
    energy_pj_per_bit: Figure
    background_mw: Figure = Figure(nominal=0, source="assumed where a memory does not state it")
    capacity_gb: Figure | None = None
    dollars_per_gb: Figure | None = None

    @field_validator("peak_gb_per_s", "capacity_gb")
    @classmethod
    def _above_zero(cls, figure: Figure | None) -> Figure | None:
        if figure is not None and figure.nominal <= 0:
            raise ValueError("above 0")
        return figure

    @field_validator("efficiency")
    @classmethod
    def _a_share(cls, figure: Figure) -> Figure:
        if not 0 < figure.nominal <= 1:
            raise ValueError("above 0 and at most 1")
        return figure

    @property
    def bytes_per_second(self) -> float:
        """Sustained transfer rate of all together."""
        return self.count * self.peak_gb_per_s.nominal * 1e9 * self.efficiency.nominal

    @property
    def capacity_bytes(self) -> float:
        """What all hold together; infinite if it does not say."""
        return self.count * self.capacity_gb.nominal * 1e9 if self.capacity_gb else math.inf

    def dollars(self, edge: str = "nominal") -> float:
        """Return what all cost together, at an edge of the price; NaN if it does not say."""
        if self.capacity_gb is None or self.dollars_per_gb is None:
            return math.nan
        return self.count * self.capacity_gb.nominal * self.dollars_per_gb.at(edge)

    @property
    def figures(self) -> dict[str, tuple[Figure, str]]:
        """Every number with its unit, by its key."""
        figures = {
            "peak_gb_per_s": (self.peak_gb_per_s, "GB/s"),
            "efficiency": (self.efficiency, "share"),
            "energy_pj_per_bit": (self.energy_pj_per_bit, "pJ/bit"),
            "background_mw": (self.background_mw, "mW"),
        }
        if self.capacity_gb:
            figures["capacity_gb"] = (self.capacity_gb, "GB")
        if self.dollars_per_gb:
            figures["dollars_per_gb"] = (self.dollars_per_gb, "$/GB")
        return figures
