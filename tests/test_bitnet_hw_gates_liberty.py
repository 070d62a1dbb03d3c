import time
from pathlib import Path
from runpy import run_path

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.gates.liberty import LibertyText

_LIBERTY = run_path(str(Path(__file__).with_name("tiny_liberty.py")))
TINY = _LIBERTY["TINY"]


def test_groups_attributes_and_lists():
    text = LibertyText(TINY, "tiny.lib")

    library, nand = text.header(), text.cell("NAND2")

    assert text.cell_names == ["INV", "NAND2", "NOR2", "AND2", "BUF", "DFF"]
    assert library.arguments == ["tiny"]
    assert library.attributes["time_unit"] == "1ps"
    assert library.lists["capacitive_load_unit"] == ["1", "ff"]
    assert library.named("lu_table_template")[0].lists["index_2"] == ["0, 10"]
    assert nand.attributes["area"] == "2"
    assert [pin.arguments for pin in nand.named("pin")] == [["A"], ["B"], ["Y"]]
    assert [power.attributes["when"] for power in nand.named("leakage_power")] == ["A", "!A"]


def test_a_line_that_goes_on_is_one_line():
    timing = LibertyText(TINY, "tiny.lib").cell("INV").named("pin")[1].named("timing")[0]

    assert timing.named("cell_rise")[0].lists["values"] == ["5, 25", "5, 25"]


def test_semicolons_may_be_missing():
    text = LibertyText("library (l) {\n nom_voltage : 1.8\n cell (A) {\n area : 4\n }\n}\n", "l")

    assert text.header().attributes == {"nom_voltage": "1.8"}
    assert text.cell("A").attributes == {"area": "4"}


def test_an_excerpt_is_a_whole_library():
    excerpt = LibertyText(TINY, "tiny.lib").excerpt({"INV", "DFF"})
    again = LibertyText(excerpt, "excerpt.lib")

    assert again.cell_names == ["INV", "DFF"]
    assert again.cell("DFF").attributes["area"] == "5"
    assert again.header().attributes["nom_voltage"] == "1.0"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TINY[:-3], r"groups begin and \d+ end"),
        ("", "it has no cell in it"),
        ("module m(); endmodule", "it has no cell in it"),
    ],
)
def test_what_is_no_whole_library_is_refused(text, reason):
    with pytest.raises(ConfigError, match=rf"x.lib must be a whole Liberty file.*{reason}"):
        LibertyText(text, "x.lib")


def test_nonsense_is_named_with_its_line():
    broken = TINY.replace("    area : 2;", "    area = 2;")

    with pytest.raises(ConfigError, match=r"x.lib must be Liberty.*on line 46: 'area = 2"):
        LibertyText(broken, "x.lib").cell("NAND2")


def test_comments():
    cells = "library (l) {/* { */\n cell (A) {/* \n } */ area : 1"
    with pytest.raises(ConfigError, match=r"2 groups begin and 0 end"):
        LibertyText(cells, "l")
    text = LibertyText("/* a */ library (l) {\n/*\n*/ cell (A) { area : 4; }\n} /* open", "l")
    assert text.cell("A").attributes == {"area": "4"}


def test_comments_without_an_end_take_no_time():
    start = time.perf_counter()
    with pytest.raises(ConfigError, match="it has no cell in it"):
        LibertyText("/* " * 350_000, "l")
    assert time.perf_counter() - start < 2
