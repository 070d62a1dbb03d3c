from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.gates.liberty import Group, LibertyText
from bitnet_hw.gates.read_cells import read_cells, read_corner, time_unit_s
from bitnet_hw.gates.table import read_table

_LIBERTY = run_path(str(Path(__file__).with_name("tiny_liberty.py")))
TINY = _LIBERTY["TINY"]


def template(first, second):
    return Group(
        "power_lut_template",
        ["t"],
        {"variable_1": first, "variable_2": second},
        {"index_1": ["1, 3"], "index_2": ["10, 20"]},
    )


def test_area_leakage_and_capacitance():
    cells = read_cells(LibertyText(TINY, "tiny.lib"), {"INV", "NAND2", "DFF", "other"})

    assert sorted(cells) == ["DFF", "INV", "NAND2"]
    assert [cells[name].area_um2 for name in ("INV", "NAND2", "DFF")] == [1, 2, 5]
    # Without a value for all states, the mean of those of single states.
    assert [cells[name].leakage_nw for name in ("INV", "NAND2", "DFF")] == [2, 4, 1]
    assert cells["NAND2"].pins["A"].capacitance_ff == 1.5
    assert cells["NAND2"].functions == {"Y": "!(A * B)"}
    assert (cells["DFF"].sequential, cells["DFF"].clock_pin) == (True, "CK")
    assert not cells["INV"].sequential


def test_rails_are_told_apart():
    energies = read_cells(LibertyText(TINY, "tiny.lib"), {"DFF"})["DFF"].pins["CK"].energies

    assert [energy.rail for energy in energies] == ["VDD", "VSS"]


def test_units_become_ours():
    text = TINY.replace("(1,ff)", "(2,pf)").replace('"1nW"', '"1pW"').replace('"1ps"', '"1ns"')
    library = LibertyText(text, "tiny.lib")
    inverter = read_cells(library, {"INV"})["INV"]

    assert inverter.pins["A"].capacitance_ff == pytest.approx(2000)
    assert inverter.leakage_nw == pytest.approx(0.002)
    # An energy is in units of capacitance times voltage squared.
    assert inverter.pins["Y"].energies[0].tables[0].values[0, 0] == pytest.approx(600)
    assert inverter.pins["Y"].transitions[0].slews == pytest.approx([10_000, 20_000])
    assert time_unit_s(library) == pytest.approx(1e-9)


def test_tables_are_linear_inside_and_constant_outside():
    group = Group("rise_power", ["t"], {}, {"values": ["1, 2", "5, 8"]})
    axes = template("input_transition_time", "total_output_net_capacitance")
    table = read_table(group, {"t": axes}, value=1, slew=1, load=1)

    assert table.at(1, np.array([10, 15, 20, 99])) == pytest.approx([1, 1.5, 2, 2])
    assert table.at(2, np.array([10, 20])) == pytest.approx([3, 5])
    assert table.at(99, np.array([0])) == pytest.approx([5])


def test_axes_come_in_any_order():
    group = Group("rise_power", ["t"], {}, {"values": ["1, 5", "2, 8"]})
    axes = template("total_output_net_capacitance", "input_transition_time")
    axes.lists = {"index_1": ["10, 20"], "index_2": ["1, 3"]}
    table = read_table(group, {"t": axes}, value=1, slew=1, load=1)

    assert table.at(2, np.array([10, 20])) == pytest.approx([3, 5])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("area : 2;", "", "Cell NAND2 .* must be complete: 'area'"),
        ('values ("0.4")', 'values ("0.4, 0.5")', "Cell NAND2 .*: 2 values for 1 slews"),
        ("area : 2;", "area : two;", "Cell NAND2 .*could not convert"),
    ],
)
def test_a_broken_cell_is_named(old, new, message):
    with pytest.raises(ConfigError, match=message):
        read_cells(LibertyText(TINY.replace(old, new), "tiny.lib"), {"NAND2"})


def test_corner():
    corner = read_corner(LibertyText(TINY, "tiny.lib"))

    assert (corner.library, corner.voltage_v, corner.temperature_c) == ("tiny", 1.0, 25.0)


def test_a_voltage_must_be_stated():
    with pytest.raises(ConfigError, match="must state nom_voltage"):
        read_corner(LibertyText(TINY.replace("nom_voltage : 1.0;", ""), "tiny.lib"))


@pytest.mark.parametrize("load", ["(1, gf)", "(one, ff)", "(1)", "(1, ff, 2)"])
def test_a_unit_of_capacitance_that_is_none(load):
    text = LibertyText(TINY.replace("(1,ff)", load), "tiny.lib")
    with pytest.raises(
        ConfigError, match=r"^capacitive_load_unit of a Liberty file must be like \(1, pf\), not "
    ):
        read_cells(text, {"INV"})


def test_names_in_messages_are_escaped():
    text = LibertyText(TINY.replace("input_net_transition", "a\x1b[31m"), "tiny.lib")
    with pytest.raises(ConfigError, match=r"a\\x1b\[31m"):
        read_cells(text, {"INV"})


@pytest.mark.parametrize("unit", ["1...ps", ".ps", "1 parsec", "1" * 1000 + "x"])
def test_a_unit_that_is_none(unit):
    text = LibertyText(TINY.replace('time_unit : "1ps"', f'time_unit : "{unit}"'), "tiny.lib")
    with pytest.raises(
        ConfigError, match=r"^A unit of a Liberty file must be like 1ns, not .{,70}$"
    ):
        read_cells(text, {"INV"})


def test_a_voltage_that_is_no_number():
    text = LibertyText(TINY.replace("nom_voltage : 1.0", f"nom_voltage : {'x' * 9999}"), "tiny.lib")
    with pytest.raises(ConfigError, match=r"^A Liberty file must state nom_voltage: .{,210}$"):
        read_corner(text)


@pytest.mark.parametrize("number", ["nan", "inf", "9" * 400])
def test_a_table_without_numbers(number):
    text = LibertyText(TINY.replace('values ("0.4")', f'values ("{number}")'), "tiny.lib")
    with pytest.raises(
        ConfigError, match=r"Cell NAND2 .*: a table of numbers that are not finite$"
    ):
        read_cells(text, {"NAND2"})
