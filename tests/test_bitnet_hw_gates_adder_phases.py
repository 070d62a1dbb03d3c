"""Full adders become cells of the library: the same function, whatever is inverted."""

import itertools

import pytest

from bitnet_hw.gates.adder_phases import place_full_adders
from bitnet_hw.gates.design import new_cell
from bitnet_hw.gates.full_adders import BLACK_BOX, FullAdder

INVERTED = FullAdder("FA", ("A", "B", "CI"), "SN", "CON", inverted=True)
PLAIN = FullAdder("FA", ("A", "B", "CI"), "S", "CO", inverted=False)
GATES = {
    "$_NOT_": lambda a: not a,
    "$_AND_": lambda a, b: a and b,
    "$_OR_": lambda a, b: a or b,
    "$_XOR_": lambda a, b: a != b,
    "$_XNOR_": lambda a, b: a == b,
}


def chain(bits, carry="0", first=2):
    """Return a design that adds two numbers of `bits`: nets 2.. and so on, sums last."""
    cells = {}
    a, b = range(first, first + bits), range(first + bits, first + 2 * bits)
    sums = range(first + 2 * bits, first + 3 * bits)
    carries = [carry, *range(first + 3 * bits, first + 4 * bits)]
    for place in range(bits):
        inputs = {"A": a[place], "B": b[place], "C": carries[place]}
        outputs = {"S": sums[place], "K": carries[place + 1]}
        cells[f"adder{place}"] = new_cell(BLACK_BOX, inputs, outputs)
    ports = {
        "a": {"direction": "input", "bits": list(a)},
        "b": {"direction": "input", "bits": list(b)},
        "s": {"direction": "output", "bits": [*sums, carries[-1]]},
    }
    module = {"cells": cells, "ports": ports, "netnames": {}}
    return {"modules": {"top": module, BLACK_BOX: {}}}


def evaluate(module, adder, values):
    """Return the values of all nets, in any order of cells."""
    known = {"0": False, "1": True, **values}
    waiting = list(module["cells"].values())
    while waiting:
        cell = waiting.pop(0)
        pins = {pin: bits[0] for pin, bits in cell["connections"].items()}
        names = adder.inputs if cell["type"] == adder.cell else [pin for pin in pins if pin != "Y"]
        if any(pins[name] not in known for name in names):
            waiting.append(cell)
            continue
        inputs = [known[pins[name]] for name in names]
        if cell["type"] == adder.cell:
            known[pins[adder.total]] = (sum(inputs) % 2 == 1) ^ adder.inverted
            known[pins[adder.carry]] = (sum(inputs) >= 2) ^ adder.inverted
        else:
            known[pins["Y"]] = GATES[cell["type"]](*inputs)
    return known


@pytest.mark.parametrize("adder", [INVERTED, PLAIN])
@pytest.mark.parametrize("carry", ["0", "1"])
def test_a_chain_adds(adder, carry):
    design = chain(3, carry)
    place_full_adders(design, adder)
    [module] = design["modules"].values()
    ports = {name: port["bits"] for name, port in module["ports"].items()}
    for a, b in itertools.product(range(8), repeat=2):
        values = {net: bool(a >> i & 1) for i, net in enumerate(ports["a"])}
        values |= {net: bool(b >> i & 1) for i, net in enumerate(ports["b"])}
        known = evaluate(module, adder, values)
        assert sum(known[net] << i for i, net in enumerate(ports["s"])) == a + b + int(carry)


def test_no_inverter_between_the_adders_of_a_chain():
    design = chain(6)
    place_full_adders(design, INVERTED)
    cells = design["modules"]["top"]["cells"].values()
    kinds = [cell["type"] for cell in cells]
    # The lowest place, which has no carry, becomes two gates.
    assert (kinds.count("FA"), kinds.count("$_XOR_"), kinds.count("$_AND_")) == (5, 1, 1)
    adders = [cell["connections"] for cell in cells if cell["type"] == "FA"]
    carries = {links["CON"][0] for links in adders}
    assert len(carries & {links["CI"][0] for links in adders}) == 4


def test_adders_without_inverted_outputs_need_no_inverters():
    design = chain(6)
    place_full_adders(design, PLAIN)
    kinds = [cell["type"] for cell in design["modules"]["top"]["cells"].values()]
    assert kinds.count("$_NOT_") == 0
