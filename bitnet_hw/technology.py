"""The technology of the chip: energy, area and leakage of what it is made of."""

import itertools
import math
from typing import Annotated, Self

from pydantic import Field, model_validator

from bitnet_hw.gate_terms import Gates
from bitnet_hw.schema import Block, Figure

__all__ = ["Areas", "Leakage", "Operations", "Sram", "Technology"]

_BITS_PER_ACCESS = 64


class Operations(Block):
    """Energy of one operation in pJ; operands and result as wide as the name says.

    The last four are of this design's own parts; a technology may have no figure for them.
    ``weight_check_bit`` is one bit of a weight word that is checked.
    """

    int8_add: Figure
    int32_add: Figure
    int8_multiply: Figure
    fp16_add: Figure
    fp16_multiply: Figure
    register_bit: Figure | None = None
    lane_select: Figure | None = None
    trit_decode: Figure | None = None
    weight_check_bit: Figure | None = None


class Areas(Block):
    """Cell area in um2 of each part."""

    int_add_per_bit: Figure
    register_per_bit: Figure
    lane_select_per_bit: Figure
    trit_decode_per_weight: Figure
    int8_multiply: Figure
    fp16_add: Figure
    fp16_multiply: Figure
    sram_per_bit: Figure
    weight_check_per_bit: Figure | None = None


class Leakage(Block):
    """Power that is drawn while the supply is on."""

    logic_mw_per_mm2: Figure
    sram_mw_per_mb: Figure


class Sram(Figure):
    """Energy in pJ of one 64-bit access, read or write, to a memory of `kilobytes` x 1024 bytes."""

    kilobytes: float = Field(gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _above_zero(self) -> Self:
        if self.at("low") <= 0:
            raise ValueError("above 0")
        return self


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
    area_um2 : Areas, optional
        What the parts take on the chip.
    leakage : Leakage, optional
        What they draw at rest; needs `area_um2`.
    gates : Gates, optional
        What a ternary array takes, from its gates; the table is then for everything else. Needs
        `area_um2` and `leakage`.
    """

    name: str = "inline"
    title: str = ""
    source: str = "not stated"
    node_nm: float = Field(gt=0)
    voltage_v: float | None = Field(default=None, gt=0)
    energy_pj: Operations
    # YAML has lists only; everything else stays strict.
    sram_pj_per_64_bits: Annotated[tuple[Sram, ...], Field(min_length=1, strict=False)]
    area_um2: Areas | None = None
    leakage: Leakage | None = None
    gates: Gates | None = None

    @model_validator(mode="after")
    def _leaks_from_something(self) -> Self:
        if self.leakage and not self.area_um2:
            raise ValueError("a technology with area_um2, which its leakage needs")
        return self

    @model_validator(mode="after")
    def _gates_have_a_table(self) -> Self:
        if self.gates and not self.leakage:
            raise ValueError("a technology with area_um2 and leakage, which its gates need")
        return self

    @model_validator(mode="after")
    def _increasing(self) -> Self:
        sizes = [sram.kilobytes for sram in self.sram_pj_per_64_bits]
        if any(left >= right for left, right in itertools.pairwise(sizes)):
            raise ValueError("a technology whose sram_pj_per_64_bits are in increasing kilobytes")
        # A steeper law between two sizes is beyond all numbers at those of a chip.
        for lower, upper in itertools.pairwise(self.sram_pj_per_64_bits):
            most = (upper.kilobytes / lower.kilobytes) ** 2
            if any(upper.at(edge) > most * lower.at(edge) for edge in ("low", "nominal", "high")):
                raise ValueError(
                    "a technology whose sram_pj_per_64_bits grow at most as the square of their "
                    "kilobytes"
                )
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
    def not_counted(self) -> tuple[str, ...]:
        """What of the chip there is no figure for."""
        energy = self.energy_pj
        parts = {
            "registers and the partial sums kept in them": energy.register_bit,
            "the weight decoder": energy.trit_decode,
            "the lane select": energy.lane_select,
            "leakage of the chip": self.leakage,
            "area of the chip": self.area_um2,
        }
        if self.gates:
            return ("glitches in the array, and buffers of long wires",)
        return tuple(name for name, figure in parts.items() if figure is None)

    @property
    def figures(self) -> dict[str, tuple[Figure, str]]:
        """Every number with its unit, by its key."""
        figures = {}
        for key, unit in (("energy_pj", "pJ"), ("area_um2", "um2"), ("leakage", "")):
            block = getattr(self, key)
            for name in type(block).model_fields if block else ():
                if (figure := getattr(block, name)) is not None:
                    figures[f"{key}.{name}"] = (figure, unit or name.partition("_")[2])
        for sram in self.sram_pj_per_64_bits:
            figures[f"sram_pj_per_64_bits.{sram.kilobytes:g}_kb"] = (sram, "pJ per 64 bits")
        if self.gates:
            figures |= {f"gates.{name}": item for name, item in self.gates.figures.items()}
        return figures
