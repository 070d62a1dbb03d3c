"""The technology of the chip: energy of each operation it performs."""

import itertools
import math
from typing import Annotated, Self

from pydantic import Field, model_validator

from bitnet_hw.schema import Block, Figure

__all__ = ["Operations", "Sram", "Technology"]

_BITS_PER_ACCESS = 64


class Operations(Block):
    """Energy of one operation in pJ; operands and result as wide as the name says."""

    int8_add: Figure
    int32_add: Figure
    int8_multiply: Figure
    fp16_add: Figure
    fp16_multiply: Figure


class Sram(Figure):
    """Energy in pJ of one 64-bit access, read or write, to a memory of `kilobytes` x 1024 bytes."""

    kilobytes: float = Field(gt=0)


class Technology(Block):
    """Energies of a manufacturing process.

    Parameters
    ----------
    name, title, source : str
        Name of the preset, what it stands for, and where it was published.
    node_nm : float
        Process node.
    voltage_v : float, optional
        Supply, where the source states it.
    energy_pj : Operations
        Arithmetic.
    sram_pj_per_64_bits : tuple of Sram
        On-chip memories, in increasing size.
    """

    name: str = "inline"
    title: str = ""
    source: str = "not stated"
    node_nm: float = Field(gt=0)
    voltage_v: float | None = Field(default=None, gt=0)
    energy_pj: Operations
    # YAML has lists only; everything else stays strict.
    sram_pj_per_64_bits: Annotated[tuple[Sram, ...], Field(min_length=1, strict=False)]

    @model_validator(mode="after")
    def _increasing(self) -> Self:
        sizes = [sram.kilobytes for sram in self.sram_pj_per_64_bits]
        if any(left >= right for left, right in itertools.pairwise(sizes)):
            raise ValueError("a technology whose sram_pj_per_64_bits are in increasing kilobytes")
        return self

    def int_add_pj(self, bits: int, edge: str = "nominal") -> float:
        """Return the energy of an adder of `bits`, linear through the published 8 and 32 bits."""
        low = self.energy_pj.int8_add.at(edge)
        high = self.energy_pj.int32_add.at(edge)
        return low + (high - low) * (bits - 8) / 24

    def sram_pj_per_bit(self, size_bytes: float, edge: str = "nominal") -> float:
        """Return the energy of reading or writing one bit of a memory of `size_bytes`.

        A power law between neighbouring published sizes (straight in log-log), the same law beyond
        the largest, and the smallest published size for anything smaller.
        """
        table = self.sram_pj_per_64_bits
        kilobytes = size_bytes / 1024
        if kilobytes <= table[0].kilobytes or len(table) == 1:
            return table[0].at(edge) / _BITS_PER_ACCESS
        upper = next((sram for sram in table[1:] if kilobytes <= sram.kilobytes), table[-1])
        lower = table[table.index(upper) - 1]
        share = math.log(kilobytes / lower.kilobytes) / math.log(upper.kilobytes / lower.kilobytes)
        ratio = upper.at(edge) / lower.at(edge)
        return lower.at(edge) * math.pow(ratio, share) / _BITS_PER_ACCESS

    @property
    def figures(self) -> dict[str, tuple[Figure, str]]:
        """Every number with its unit, by its key."""
        figures = {
            f"energy_pj.{name}": (getattr(self.energy_pj, name), "pJ")
            for name in Operations.model_fields
        }
        for sram in self.sram_pj_per_64_bits:
            figures[f"sram_pj_per_64_bits.{sram.kilobytes:g}_kb"] = (sram, "pJ per 64 bits")
        return figures
