"""What on-chip memories take: from the macros beside the cells, or scaled from known ones."""

import re
from dataclasses import dataclass
from statistics import mean

from bitnet_hw.errors import ConfigError
from bitnet_hw.gates.cells import Pin
from bitnet_hw.gates.liberty import LibertyText
from bitnet_hw.gates.library import Library
from bitnet_hw.gates.read_cells import read_cells

__all__ = ["Macro", "Memories", "memories_of", "read_macro"]

_MACROS = re.compile(r"RM_.*\.lib(\.gz)?")
_WORD_BITS = 64
_SPREAD = 2.0


@dataclass(frozen=True)
class Macro:
    """A memory of 64-bit words: energies of an access in pJ, area in um2, leakage in nW."""

    words: int
    read_pj: float
    write_pj: float
    area_um2: float
    leakage_nw: float

    @property
    def kilobytes(self) -> float:
        """Size in units of 1024 bytes."""
        return self.words * _WORD_BITS / 8 / 1024

    @property
    def mean_pj(self) -> float:
        """Mean of a read and a write."""
        return (self.read_pj + self.write_pj) / 2


@dataclass(frozen=True)
class Memories:
    """Macros of several sizes, smallest first, and how their figures were found.

    They are right within a factor of `spread` either way.
    """

    macros: tuple[Macro, ...]
    source: str
    status: str
    spread: float = 1.0

    @property
    def area_um2_per_bit(self) -> float:
        """Area of a bit in the largest one."""
        largest = self.macros[-1]
        return largest.area_um2 / (largest.words * _WORD_BITS)

    @property
    def leakage_mw_per_mb(self) -> float:
        """Leakage of 2^20 bytes made of the largest one."""
        largest = self.macros[-1]
        return largest.leakage_nw * 1e-6 / (largest.words * _WORD_BITS / 8) * (1 << 20)


@dataclass(frozen=True)
class _Nand:
    """The smallest two-input NAND of a library: what its memories are scaled with."""

    energy_fj: float  # C V^2 of an input
    area_um2: float
    leakage_nw: float


# RM_IHPSG13_1P_{64..2048}x64_c2_bm_bist and sg13g2_nand2_1, typical, 1.2 V, 25 C: as `read_macro`
# and `_nand` find them in the files of IHP-Open-PDK.
_REFERENCE = (
    Macro(64, 39.0507, 50.4983, 50489.1328, 49.5039),
    Macro(256, 49.634, 63.4365, 93180.5344, 198.0155),
    Macro(512, 68.8967, 80.016, 150102.4032, 396.031),
    Macro(1024, 91.8272, 110.9189, 263946.1408, 792.062),
    Macro(2048, 122.394, 155.3678, 491633.616, 1584.1239),
)
_REFERENCE_NAND = _Nand(energy_fj=4.222116, area_um2=7.2576, leakage_nw=0.0812456)


def memories_of(library: Library) -> Memories:
    """Return the memories of a library: its own macros, or else the reference ones, scaled.

    An access is scaled by C V^2, area by area and leakage by leakage of an input, or the whole, of
    the smallest two-input NAND. That takes the design of the other memory for granted, and that
    its transistors are to a NAND's as they are there: hence a range of a factor of 2 either way.

    Raises
    ------
    ConfigError
        If a macro is not what its name says, or the library has no NAND.
    """
    folder = library.files[0].parent
    files = sorted(path for path in folder.iterdir() if _MACROS.fullmatch(path.name))
    if files:
        texts = Library(library.name, tuple(files)).texts
        macros = sorted(map(read_macro, texts), key=lambda macro: macro.words)
        return Memories(
            tuple(macros),
            f"{len(files)} macros of {library.name}: energy of the clock pin in a read and a write",
            "measured",
        )
    own = _nand(library)
    energy = own.energy_fj / _REFERENCE_NAND.energy_fj
    area = own.area_um2 / _REFERENCE_NAND.area_um2
    leakage = own.leakage_nw / _REFERENCE_NAND.leakage_nw
    return Memories(
        tuple(
            Macro(
                macro.words,
                macro.read_pj * energy,
                macro.write_pj * energy,
                macro.area_um2 * area,
                macro.leakage_nw * leakage,
            )
            for macro in _REFERENCE
        ),
        f"macros of ihp-sg13g2, scaled as the smallest NAND2: energy x {energy:.3g} (C V^2 of an "
        f"input), area x {area:.3g}, leakage x {leakage:.3g}",
        "modelled",
        _SPREAD,
    )


def read_macro(text: LibertyText) -> Macro:
    """Return a memory of 64-bit words with one port.

    Energy is the internal power of the clock pin's rise under the condition of a read and of a
    write; data, address and output pins have little beside it and are left out.

    Raises
    ------
    ConfigError
        If the file has no such memory.
    """
    name = text.cell_names[0]
    cell = read_cells(text, {name})[name]
    try:
        memory = text.cell(name).named("memory")[0].attributes
        if memory["word_width"].strip() != str(_WORD_BITS):
            raise ValueError(f"words of {_WORD_BITS} bits, not {memory['word_width']}")
        return Macro(
            words=1 << int(memory["address_width"]),
            read_pj=_rise_pj(cell.pins["A_CLK"], reads=True),
            write_pj=_rise_pj(cell.pins["A_CLK"], reads=False),
            area_um2=cell.area_um2,
            leakage_nw=cell.leakage_nw,
        )
    except (KeyError, IndexError, ValueError) as error:
        raise ConfigError(f"Memory {name} of a Liberty file must be complete: {error}") from error


def _rise_pj(clock: Pin, *, reads: bool) -> float:
    """Return the energy of a rise of the clock while the memory is enabled for one access."""
    wanted = {"A_MEN", "A_REN" if reads else "A_WEN", "!A_WEN" if reads else "!A_REN"}
    for energy in clock.energies:
        if set(re.split(r"\s*&\s*", energy.when)) == wanted:
            # Of a rise and a fall the first.
            return float(energy.tables[0].values[0, 0]) * 1e-3
    raise KeyError("internal_power of A_CLK when " + " & ".join(sorted(wanted)))


def _nand(library: Library) -> _Nand:
    names = {
        name
        for text in library.texts
        for name in text.cell_names
        if re.search("nand2(?![a-z]*b)", name, re.IGNORECASE)
    }
    if not names:
        raise ConfigError(f"Library {library.name} must have a NAND2 to scale memories with")
    cell = min(library.cells(names).values(), key=lambda cell: (cell.area_um2, cell.name))
    inputs = [pin.capacitance_ff for pin in cell.pins.values() if not pin.output]
    return _Nand(
        energy_fj=mean(inputs) * library.corner.voltage_v**2,
        area_um2=cell.area_um2,
        leakage_nw=cell.leakage_nw,
    )
