"""Components that an array repeats: many instances in simulation, one module in Verilog."""

import re

from amaranth import ClockSignal, Instance, ResetSignal
from amaranth.back import verilog
from amaranth.lib import wiring

__all__ = ["SharedModules", "emit_component", "place"]


def emit_component(component, name, platform=None):
    """Return the Verilog of a component as a module called `name`.

    Source paths and internal attributes are left out: the same component gives the same bytes, on
    any machine, with the pinned version of Yosys.
    """
    return verilog.convert(
        component, name=name, platform=platform, emit_src=False, strip_internal_attrs=True
    )


class SharedModules:
    """Elaborate under this "platform" to have repeated components emitted once.

    Parameters
    ----------
    prefix : str
        Begins the name of each shared module, so that two designs can meet in one netlist.
    """

    def __init__(self, prefix):
        self._prefix = prefix
        self._modules = {}

    @property
    def verilog(self):
        """Verilog of all shared modules, in the order in which they were first used."""
        return "".join(text for _, _, text in self._modules.values())

    def instance(self, name, create):
        """Return an interface with the ports of ``create()``, and an instance to connect them."""
        module = f"{self._prefix}_{name}"
        if module not in self._modules:
            component = create()
            text = emit_component(component, module, platform=self)
            self._modules[module] = (component.signature, _clocks(text, module), text)
        signature, clocks, _ = self._modules[module]
        interface = signature.create(path=(name,))
        ports = {
            f"{'i' if member.flow is wiring.In else 'o'}_{'__'.join(map(str, path))}": value
            for path, member, value in signature.flatten(interface)
        }
        return interface, Instance(module, **ports, **clocks)


def place(m, platform, name, kind, create):
    """Add ``create()`` to module `m` as submodule `name`, and return its ports.

    `kind` names the Verilog module that all equal components share; whoever uses the same `kind`
    twice in one design must create the same component both times.
    """
    if isinstance(platform, SharedModules):
        component, m.submodules[name] = platform.instance(kind, create)
    else:
        m.submodules[name] = component = create()
    return component


def _clocks(text, module):
    """Return the clock and reset connections which `module` has ports for."""
    ports = text[text.index(f"\nmodule {module}(") :]
    ports = ports[: ports.index("\nendmodule")]
    available = {"clk": ClockSignal(), "rst": ResetSignal()}
    return {
        f"i_{port}": signal
        for port, signal in available.items()
        if re.search(rf"^  input {port};$", ports, re.MULTILINE)
    }
