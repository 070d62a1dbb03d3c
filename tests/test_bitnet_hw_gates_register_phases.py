from bitnet_hw.gates.design import new_cell
from bitnet_hw.gates.register_phases import invert_before_registers


def design(output):
    """Return a register with an inverted output and an inverter behind it, which drives net 5."""
    register = new_cell("DFFHQN", {"CLK": 2, "D": 3}, {"QN": 4})
    ports = {"d": {"bits": [3]}, "clk": {"bits": [2]}, "q": {"bits": [output]}}
    cells = {"register": register, "inverter": new_cell("$_NOT_", {"A": 4}, {"Y": 5})}
    return {"modules": {"top": {"cells": cells, "ports": ports}}}


def links(item):
    cells = item["modules"]["top"]["cells"]
    return cells["register"]["connections"], cells["inverter"]["connections"]


def test_an_inverter_before_a_port_moves():
    item = design(5)
    invert_before_registers(item)
    register, inverter = links(item)
    assert inverter == {"A": [3], "Y": [6]}
    assert register == {"CLK": [2], "D": [6], "QN": [5]}


def test_one_inside_stays():
    item = design(9)
    invert_before_registers(item)
    register, inverter = links(item)
    assert (register["D"], inverter) == ([3], {"A": [4], "Y": [5]})
