"""The memory beside the array: how fast it delivers and what a bit costs."""

from pydantic import field_validator

from bitnet_hw.schema import Block, Figure

__all__ = ["Memory"]


class Memory(Block):
    """DRAM that holds weights, KV cache and everything else that does not fit on the chip.

    Parameters
    ----------
    name, title : str
        Name of the preset and what it stands for.
    peak_gb_per_s : Figure
        Peak transfer rate in 10^9 bytes per second.
    efficiency : Figure
        Share of the peak that long bursts sustain.
    energy_pj_per_bit : Figure
        Energy of a transferred bit, read or written, array, interface and all.
    background_mw : Figure
        Power that is drawn whether or not anything is transferred.
    """

    name: str = "inline"
    title: str = ""
    peak_gb_per_s: Figure
    efficiency: Figure = Figure(nominal=1, source="assumed where a memory does not state it")
    energy_pj_per_bit: Figure
    background_mw: Figure = Figure(nominal=0, source="assumed where a memory does not state it")

    @field_validator("peak_gb_per_s")
    @classmethod
    def _above_zero(cls, figure: Figure) -> Figure:
        if figure.nominal <= 0:
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
        """Sustained transfer rate."""
        return self.peak_gb_per_s.nominal * 1e9 * self.efficiency.nominal

    @property
    def figures(self) -> dict[str, tuple[Figure, str]]:
        """Every number with its unit, by its key."""
        return {
            "peak_gb_per_s": (self.peak_gb_per_s, "GB/s"),
            "efficiency": (self.efficiency, "share"),
            "energy_pj_per_bit": (self.energy_pj_per_bit, "pJ/bit"),
            "background_mw": (self.background_mw, "mW"),
        }
