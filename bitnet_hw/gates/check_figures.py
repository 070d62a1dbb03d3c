"""What the check of weight words takes in cells, for each bit of a word."""

from dataclasses import replace
from pathlib import Path

from bitnet_hw.gates.library import Library
from bitnet_hw.gates.operands import draw_operands
from bitnet_hw.gates.parts import CHECK_GROUP, check_part
from bitnet_hw.gates.stimulus import part_stimulus
from bitnet_hw.gates.unit_parts import UnitFigures, measure_part
from rtl.geometry import Geometry

__all__ = ["CHECKED_BITS", "measure_check"]

CHECKED_BITS = 1024
"""Width of the word that is measured: two exclusive ors for each bit, as of all wide words.

Of 64 bits it is 1.9 for each.
"""


def measure_check(library: Library, *, clock_mhz: float, root: Path | None = None) -> UnitFigures:
    """Return what checking a word takes for each of its bits, on random weights in trit5.

    Raises
    ------
    BitnetHwError
        If a tool is missing or fails, or the netlist computes nonsense.
    """
    smallest = Geometry(
        rows=1,
        lanes=1,
        weight_bus_bits=CHECKED_BITS,
        max_k=1,
        output_bus_words=1,
        weight_check="hamming",
    )
    # One word for each tile.
    geometry = replace(smallest, lanes=smallest.word_trits)
    stimulus = part_stimulus("check", geometry, draw_operands("uniform"), tokens=1)
    figures = measure_part(
        check_part(geometry), CHECK_GROUP, stimulus, library, clock_mhz=clock_mhz, root=root
    )
    return UnitFigures(
        energy_fj=figures.energy_fj / CHECKED_BITS,
        area_um2=figures.area_um2 / CHECKED_BITS,
        leakage_nw=figures.leakage_nw / CHECKED_BITS,
    )
