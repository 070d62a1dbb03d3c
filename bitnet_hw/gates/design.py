"""A design in the JSON of Yosys, before it is all cells: what the passes here work on."""

import json
from typing import Any

from bitnet_hw.gates.library import Library

__all__ = ["Bit", "Cell", "Design", "new_cell", "read_design"]

Bit = int | str
"""A net, or a constant: "0", "1", "x"."""

Cell = dict[str, Any]

Design = dict[str, Any]


def read_design(text: str, library: Library) -> Design:
    """Return what ``write_json`` wrote, with the directions of all pins.

    Yosys does not know those of the library's cells, which are in it already.
    """
    design: Design = json.loads(text)
    cells: list[Cell] = [
        cell for module in design["modules"].values() for cell in module["cells"].values()
    ]
    unknown = [cell for cell in cells if "port_directions" not in cell]
    known = library.cells({cell["type"] for cell in unknown})
    for cell in unknown:
        pins = known[cell["type"]].pins
        cell["port_directions"] = {
            name: "output" if pins[name].output else "input" for name in cell["connections"]
        }
    return design


def new_cell(kind: str, inputs: dict[str, Bit], outputs: dict[str, Bit]) -> Cell:
    """Return a cell with one net on each pin."""
    return {
        "hide_name": 1,
        "type": kind,
        "parameters": {},
        "attributes": {},
        "port_directions": dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output"),
        "connections": {pin: [bit] for pin, bit in (inputs | outputs).items()},
    }
