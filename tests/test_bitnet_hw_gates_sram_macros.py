"""Memories: read out of Liberty files, or scaled."""

from pathlib import Path
from runpy import run_path

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.gates.liberty import LibertyText
from bitnet_hw.gates.library import find_library
from bitnet_hw.gates.sram_macros import memories_of, read_macro

_LIBERTY = run_path(str(Path(__file__).with_name("tiny_liberty.py")))

MACRO = """\
library (RM_tiny) {
  capacitive_load_unit (1, pf);
  voltage_unit : "1V";
  time_unit : "1ns";
  leakage_power_unit : "1nW";
  nom_voltage : 1.0;
  cell (RM_tiny_WORDSx64) {
    memory () { type : ram; address_width : ADDRESS; word_width : 64; }
    area : AREA;
    pin (A_CLK) {
      direction : input;
      capacitance : 0.004;
      internal_power () {
        when : "!A_MEN & !A_WEN & A_REN";
        rise_power ("scalar") { values (0.5); }
        fall_power ("scalar") { values (0); }
      }
      internal_power () {
        when : "A_MEN & !A_WEN & A_REN";
        rise_power ("scalar") { values (READ); }
        fall_power ("scalar") { values (0); }
      }
      internal_power () {
        when : "A_MEN & A_WEN & !A_REN";
        rise_power ("scalar") { values (7.5); }
        fall_power ("scalar") { values (0); }
      }
    }
    cell_leakage_power : 40;
  }
}
"""


def macro(words, address, read, area):
    text = MACRO
    for name, value in {"WORDS": words, "ADDRESS": address, "READ": read, "AREA": area}.items():
        text = text.replace(name, str(value))
    return text


def test_a_macro():
    found = read_macro(LibertyText(macro(64, 6, 5.25, 8192), "m.lib"))
    assert (found.words, found.read_pj, found.write_pj) == (64, 5.25, 7.5)
    assert (found.area_um2, found.leakage_nw) == (8192, 40)


def test_macros_beside_the_cells(tmp_path):
    folder = _LIBERTY["write_tiny"](tmp_path / "tiny")
    (folder / "RM_tiny_256x64.lib").write_text(macro(256, 8, 6.5, 16384))
    (folder / "RM_tiny_64x64.lib").write_text(macro(64, 6, 5.25, 8192))
    memories = memories_of(find_library(str(folder)))
    assert [item.words for item in memories.macros] == [64, 256]
    assert memories.status == "measured"
    assert memories.area_um2_per_bit == 1.0
    # 40 nW for 2 kB, 512 of which make a megabyte.
    assert memories.leakage_mw_per_mb == pytest.approx(512 * 40e-6)


def test_scaled_by_a_nand(tmp_path):
    # NAND2 of the tiny library: 1.5 fF at 1 V, 2 um2, 4 nW.
    memories = memories_of(find_library(str(_LIBERTY["write_tiny"](tmp_path / "tiny"))))
    first = memories.macros[0]
    assert (first.words, memories.status) == (64, "modelled")
    assert first.read_pj == pytest.approx(39.0507 * 1.5 / 4.222116)
    assert first.area_um2 == pytest.approx(50489.1328 * 2 / 7.2576)
    assert first.leakage_nw == pytest.approx(49.5039 * 4 / 0.0812456)
    assert memories.source == (
        "macros of ihp-sg13g2, scaled as the smallest NAND2: energy x 0.355 (C V^2 of an input), "
        "area x 0.276, leakage x 49.2"
    )


def test_what_is_no_memory():
    text = macro(64, 6, 5.25, 8192).replace("word_width : 64", "word_width : 32")
    with pytest.raises(ConfigError, match=r"must be complete: words of 64 bits, not 32$"):
        read_macro(LibertyText(text, "m.lib"))
    text = macro(64, 6, 5.25, 8192).replace("A_MEN & A_WEN", "A_MEN & A_BIST")
    with pytest.raises(ConfigError, match="internal_power of A_CLK when !A_REN & A_MEN & A_WEN"):
        read_macro(LibertyText(text, "m.lib"))


def test_nothing_to_scale_by(tmp_path):
    text = _LIBERTY["TINY"].replace("NAND2", "OTHER")
    library = find_library(str(_LIBERTY["write_tiny"](tmp_path / "tiny", text)))
    with pytest.raises(
        ConfigError, match=r"^Library tiny must have a NAND2 to scale memories with$"
    ):
        memories_of(library)
