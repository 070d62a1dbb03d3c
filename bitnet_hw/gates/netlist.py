"""A mapped netlist: cells of the library, joined by numbered nets."""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

__all__ = ["Instance", "Netlist", "read_netlist"]

CONSTANTS = {"0": -1, "x": -1, "z": -1, "1": -2}
"""Net numbers of constants in the JSON of Yosys."""

_CLOCK = "clk"
# One for each time that modules were flattened, the outermost path first.
_FLATTENED = re.compile(r"\$flatten((?:\\[\w$]+\.)+)")
_WORD_BITS = 32


@dataclass(frozen=True)
class Instance:
    """One cell.

    Parameters
    ----------
    cell : str
        Cell of the library.
    group : str or None
        What it belongs to; None for a register around the part, which is counted elsewhere.
    pins : dict
        Net on each pin; negative for a constant.
    """

    cell: str
    group: str | None
    pins: dict[str, int]


@dataclass(frozen=True)
class Netlist:
    """Cells and ports of a part.

    Parameters
    ----------
    instances : tuple of Instance
        All cells.
    inputs, outputs : dict
        Nets of each port, lowest bit first; the clock is not among them.
    clock : int
        Net of the clock.
    """

    instances: tuple[Instance, ...]
    inputs: dict[str, list[int]]
    outputs: dict[str, list[int]]
    clock: int

    @cached_property
    def nets(self) -> list[int]:
        """Every net but the clock, in the order in which activity is counted."""
        used = {net for instance in self.instances for net in instance.pins.values()}
        for bits in (*self.inputs.values(), *self.outputs.values()):
            used.update(bits)
        return sorted(net for net in used if net >= 0 and net != self.clock)

    @property
    def cells(self) -> set[str]:
        """Names of the cells in use."""
        return {instance.cell for instance in self.instances}

    @property
    def input_words(self) -> int:
        """Words of 32 bits that hold all inputs."""
        return _words(sum(len(bits) for bits in self.inputs.values()))

    @property
    def output_words(self) -> int:
        """Words of 32 bits that hold all outputs."""
        return _words(sum(len(bits) for bits in self.outputs.values()))

    @property
    def net_words(self) -> int:
        """Words of 32 bits that hold all nets."""
        return _words(len(self.nets))

    def moved(
        self,
        outer: str,
        inner: str,
        first: Collection[str],
        outputs: Mapping[str, Collection[str]],
    ) -> "Netlist":
        """Return the same cells, of which some have moved from a group to one inside.

        Cells that were optimised together have lost their place. The first to move are known by
        their kind; what they drive moves with them, and what that drives.

        Parameters
        ----------
        outer, inner : str
            The groups.
        first : collection of str
            Cells of the library that can only belong to the inner one.
        outputs : mapping
            Output pins of each cell of the library.
        """
        readers: dict[int, list[int]] = defaultdict(list)
        for number, instance in enumerate(self.instances):
            for pin, net in instance.pins.items():
                if instance.group == outer and pin not in outputs[instance.cell]:
                    readers[net].append(number)
        instances = [
            replace(instance, group=inner)
            if instance.group == outer and instance.cell in first
            else instance
            for instance in self.instances
        ]
        waiting = [instance for instance in instances if instance.group == inner]
        while waiting:
            instance = waiting.pop()
            for pin in outputs[instance.cell]:
                for number in readers.pop(instance.pins.get(pin, 0), []):
                    if instances[number].group == outer:
                        instances[number] = replace(instances[number], group=inner)
                        waiting.append(instances[number])
        return replace(self, instances=tuple(instances))

    def verilog_for_timing(self, top: str) -> str:
        """Return Verilog without vectors and concatenations: OpenSTA rejects some of those."""
        inputs = [net for bits in self.inputs.values() for net in bits]
        outputs = {net for bits in self.outputs.values() for net in bits if net >= 0}
        outputs -= {*inputs, self.clock}
        ports = [self.clock, *inputs, *sorted(outputs)]
        lines = [f"module {top}({', '.join(f'n{net}' for net in ports)});"]
        lines += [f"input n{net};" for net in (self.clock, *inputs)]
        lines += [f"output n{net};" for net in sorted(outputs)]
        lines += [f"wire n{net};" for net in self.nets if net not in inputs]
        return "\n".join([*lines, *self._instances(), "endmodule", ""])

    def verilog_for_activity(self, top: str) -> str:
        """Return Verilog with inputs, outputs and all nets as ports of 32 bits each."""
        inputs = [net for bits in self.inputs.values() for net in bits]
        outputs = [net for bits in self.outputs.values() for net in bits]
        ports = [f"input [31:0] i{word}" for word in range(self.input_words)]
        ports += [f"output [31:0] o{word}" for word in range(self.output_words)]
        ports += [f"output [31:0] p{word}" for word in range(self.net_words)]
        # A port a line: Verilator takes 40,000 tokens in one at most.
        lines = [f"module {top}(input n{self.clock},", ",\n".join(ports), ");"]
        lines += [f"wire n{net};" for net in self.nets]
        lines += [
            f"assign n{net} = i{place // _WORD_BITS}[{place % _WORD_BITS}];"
            for place, net in enumerate(inputs)
        ]
        lines += [f"assign {word} = {bits};" for word, bits in _packed("o", outputs)]
        lines += [f"assign {word} = {bits};" for word, bits in _packed("p", self.nets)]
        return "\n".join([*lines, *self._instances(), "endmodule", ""])

    def _instances(self) -> Iterable[str]:
        for number, instance in enumerate(self.instances):
            links = ", ".join(f".{pin}({_net(net)})" for pin, net in instance.pins.items())
            yield f"{instance.cell} u{number} ({links});"


def read_netlist(text: str, top: str, groups: dict[str, str]) -> Netlist:
    """Return the netlist in the JSON of Yosys, flattened after mapping.

    Parameters
    ----------
    text : str
        What ``write_json`` wrote.
    top : str
        Name of the module.
    groups : dict
        Name of the group of the cells below an instance, by its path inside the part: the longest
        path that fits counts.
    """
    module = json.loads(text)["modules"][top]
    ports = {
        name: (port["direction"], [_number(bit) for bit in port["bits"]])
        for name, port in module["ports"].items()
    }
    [clock] = ports.pop(_CLOCK)[1]
    instances = []
    for name, cell in module["cells"].items():
        found = "".join(_FLATTENED.findall(name)) if name.startswith("$flatten") else ""
        path = found.replace("\\", "").rstrip(".").split(".") if found else []
        pins = {pin: _number(bits[0]) for pin, bits in cell["connections"].items() if bits}
        instances.append(Instance(cell["type"], _group(path, groups), pins))
    return Netlist(
        instances=tuple(instances),
        inputs={name: bits for name, (direction, bits) in ports.items() if direction == "input"},
        outputs={name: bits for name, (direction, bits) in ports.items() if direction == "output"},
        clock=clock,
    )


def _group(path: list[str], groups: dict[str, str]) -> str | None:
    if not path:
        return None
    inside = path[1:]
    for length in range(len(inside), -1, -1):
        if (key := ".".join(inside[:length])) in groups:
            return groups[key]
    raise KeyError(".".join(inside))


def _number(bit: int | str) -> int:
    return CONSTANTS[bit] if isinstance(bit, str) else bit


def _net(net: int) -> str:
    return f"n{net}" if net >= 0 else f"1'b{-net - 1}"


def _packed(prefix: str, nets: list[int]) -> Iterable[tuple[str, str]]:
    for word in range(_words(len(nets))):
        part = nets[word * _WORD_BITS : (word + 1) * _WORD_BITS]
        yield f"{prefix}{word}", "{" + ", ".join(_net(net) for net in reversed(part)) + "}"


def _words(bits: int) -> int:
    return -(-bits // _WORD_BITS)
