"""RTLIL of the accelerator in which components that the array repeats occur once."""
# Amaranth has no type information.
# mypy: allow-untyped-calls

import re
from collections.abc import Callable
from typing import Any

from amaranth import ClockSignal, Instance, ResetSignal
from amaranth.back import rtlil
from amaranth.lib import wiring

from rtl.accelerator import Accelerator
from rtl.geometry import Geometry
from rtl.shared import SharedModules

__all__ = ["accelerator_rtlil"]


class _SharedRtlil(SharedModules):
    """What `rtl.shared.SharedModules` is for Verilog."""

    def __init__(self, prefix: str) -> None:
        super().__init__(prefix)
        self._prefix = prefix
        self._shared: dict[str, tuple[Any, dict[str, Any], str]] = {}

    @property
    def rtlil(self) -> str:
        """RTLIL of all shared modules, which Yosys does not flatten."""
        return "\n".join(text for _, _, text in self._shared.values())

    def instance(self, name: str, create: Callable[[], Any]) -> tuple[Any, Any]:
        """Return an interface with the ports of ``create()``, and an instance to connect them."""
        module = f"{self._prefix}_{name}"
        if module not in self._shared:
            component = create()
            text = rtlil.convert(component, name=module, platform=self, emit_src=False)
            clocks = _clocks(text, module)
            text = text.replace("attribute \\top 1\n", "attribute \\keep_hierarchy 1\n")
            self._shared[module] = (component.signature, clocks, text)
        signature, clocks, _ = self._shared[module]
        interface = signature.create(path=(name,))
        ports = {
            f"{'i' if member.flow is wiring.In else 'o'}_{'__'.join(map(str, path))}": value
            for path, member, value in signature.flatten(interface)
        }
        return interface, Instance(module, **ports, **clocks)


def accelerator_rtlil(geometry: Geometry, name: str, *, flat: bool) -> str:
    """Return the RTLIL of an accelerator as a module called `name`.

    Parameters
    ----------
    geometry : Geometry
        The accelerator.
    name : str
        Name of its module.
    flat : bool
        Every instance is a module of its own, which Yosys may flatten. Without it, one module
        stands for all rows of the array, and one for all decoders.
    """
    shared = None if flat else _SharedRtlil(name)
    top: str = rtlil.convert(Accelerator(geometry), name=name, platform=shared, emit_src=False)
    return top if shared is None else f"{shared.rtlil}\n{top}"


def _clocks(text: str, module: str) -> dict[str, Any]:
    """Return the clock and reset connections which `module` has ports for."""
    own = text[text.index(f"module \\{module}\n") :].partition("\nend\n")[0]
    available = {"clk": ClockSignal(), "rst": ResetSignal()}
    return {
        f"i_{port}": signal
        for port, signal in available.items()
        if re.search(rf"^  wire .*\binput \d+ +\\{port}$", own, re.MULTILINE)
    }
