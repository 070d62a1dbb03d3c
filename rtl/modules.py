"""Verilog of single components, to be synthesised by themselves."""

from rtl.geometry import Geometry
from rtl.lanes import Operands
from rtl.row import Row
from rtl.shared import SharedModules, emit_component
from rtl.weight_check import WeightCheck
from rtl.weights import TileLoader

__all__ = ["check_verilog", "loader_verilog", "operands_verilog", "row_verilog"]


def row_verilog(geometry: Geometry, name: str) -> str:
    """Return the Verilog of a row as a module called `name`."""
    return _verilog(Row(geometry), name)


def loader_verilog(geometry: Geometry, name: str) -> str:
    """Return the Verilog of the loader of weights as a module called `name`."""
    return _verilog(TileLoader(geometry), name)


def operands_verilog(geometry: Geometry, name: str) -> str:
    """Return the Verilog of what prepares the activations as a module called `name`."""
    return _verilog(Operands(geometry), name)


def check_verilog(geometry: Geometry, name: str) -> str:
    """Return the Verilog of the check of weight words as a module called `name`."""
    return _verilog(WeightCheck(geometry), name)


def _verilog(component, name):
    shared = SharedModules(name)
    text = emit_component(component, name, platform=shared)
    return shared.verilog + text
