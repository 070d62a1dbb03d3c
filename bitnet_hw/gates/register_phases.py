"""Inverters behind registers move in front of them, where the register's output leaves a module.

A library whose flip-flop has an inverted output only has one behind each register in Yosys. Behind
a port nothing can take it in; in front of the register the logic does.
"""

from typing import Any

from bitnet_hw.gates.design import Bit, Design

__all__ = ["invert_before_registers"]

_NOT = "$_NOT_"


def invert_before_registers(design: Design) -> None:
    """Move those inverters of a design, in place."""
    for module in design["modules"].values():
        _move(module)


def _move(module: dict[str, Any]) -> None:
    cells = module["cells"]
    drivers: dict[Bit, tuple[str, str]] = {}
    readers: dict[Bit, int] = {}
    for name, cell in cells.items():
        for pin, bits in cell["connections"].items():
            for bit in bits:
                if cell["port_directions"][pin] == "output":
                    drivers[bit] = name, pin
                else:
                    readers[bit] = readers.get(bit, 0) + 1
    ports = {bit for port in module["ports"].values() for bit in port["bits"]}
    last = max((bit for bit in (*drivers, *readers, *ports) if isinstance(bit, int)), default=1)
    for cell in cells.values():
        if cell["type"] != _NOT:
            continue
        [inner], [outer] = cell["connections"]["A"], cell["connections"]["Y"]
        register = cells[drivers[inner][0]] if inner in drivers else None
        if register is None or outer not in ports or inner in ports or readers[inner] > 1:
            continue
        data = register["connections"].get("D")
        if register["type"].startswith("$") or data is None:
            continue
        last += 1
        register["connections"][drivers[inner][1]] = [outer]
        register["connections"]["D"] = [last]
        cell["connections"] = {"A": data, "Y": [last]}
