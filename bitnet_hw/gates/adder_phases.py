"""Full adders of a netlist become cells of the library, with as few inverters as possible.

This works on what Yosys writes as JSON, between its generic gates and the mapping of those.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bitnet_hw.gates.design import Bit, Cell, Design, new_cell
from bitnet_hw.gates.full_adders import BLACK_BOX, FullAdder

__all__ = ["place_full_adders"]

_INPUTS = ("A", "B", "C")
_TWO = 2
_ROUNDS = 10
_STEPS = 8
# Gates that rise with their first input, and those that fall.
_RISING = {"$_AND_", "$_OR_", "$_ANDNOT_", "$_ORNOT_"}
_FALLING = {"$_NAND_", "$_NOR_"}


def place_full_adders(design: Design, adder: FullAdder) -> None:
    """Make every full adder of a design a cell of the library, in place.

    Parameters
    ----------
    design : Design
        Generic gates, and full adders as `BLACK_BOX`.
    adder : FullAdder
        The cell.
    """
    design["modules"].pop(BLACK_BOX, None)
    for module in design["modules"].values():
        if any(cell["type"] == BLACK_BOX for cell in module["cells"].values()):
            _Module(module, adder).place()


@dataclass
class _Module:
    """One module of the design, which is changed in place."""

    module: dict[str, Any]
    adder: FullAdder
    renamed: dict[Bit, Bit] = field(default_factory=dict)
    last_net: int = 0
    added: int = 0

    @property
    def cells(self) -> dict[str, Cell]:
        return self.module["cells"]  # type: ignore[no-any-return]

    def place(self) -> None:
        self.last_net = max(bit for bits in self._links() for bit in bits if isinstance(bit, int))
        while self._fold_constants():
            self._rename()
        phases = self._phases() if self.adder.inverted else {}
        for name, cell in self._adders():
            self._put_cell(name, cell, phases.get(name))
        self._cancel_inverters()
        # Names of nets would keep nets alive that nothing drives any more.
        self.module["netnames"] = {}

    def _adders(self) -> list[tuple[str, Cell]]:
        return [(name, cell) for name, cell in self.cells.items() if cell["type"] == BLACK_BOX]

    def _fold_constants(self) -> bool:
        """Replace adders with constant inputs by gates or wires; return whether there was one."""
        folded = False
        for name, cell in self._adders():
            links = cell["connections"]
            inputs = [links[pin][0] for pin in _INPUTS]
            known = [bit for bit in inputs if isinstance(bit, str)]
            free = [bit for bit in inputs if not isinstance(bit, str)]
            if not known:
                continue
            ones = known.count("1")
            total, carry = (links.get(pin, [None])[0] for pin in ("S", "K"))
            if len(free) == _TWO:
                sum_gate, carry_gate = ("$_XNOR_", "$_OR_") if ones else ("$_XOR_", "$_AND_")
                self._gate(sum_gate, free, total)
                self._gate(carry_gate, free, carry)
            elif free:
                # With one 0 and one 1 the sum is the inverse of what is left, the carry it itself.
                if ones == 1:
                    self._gate("$_NOT_", free, total)
                else:
                    self._alias(total, free[0])
                self._alias(carry, free[0] if ones == 1 else str(ones // 2))
            else:
                self._alias(total, str(ones % 2))
                self._alias(carry, str(ones // 2))
            del self.cells[name]
            folded = True
        return folded

    def _phases(self) -> dict[str, bool]:
        """Return which adders take inverted inputs, and so have outputs that are not inverted.

        Between two adders an inverter is needed if both do or none does; before one, if a gate's
        smaller form is the other one. Adders behind gates begin, the others follow, neighbour by
        neighbour, and then each one does what most of its neighbours want.
        """
        adders = self._adders()
        drivers = {
            bit: name
            for name, cell in self.cells.items()
            for pin, bits in cell["connections"].items()
            if cell["port_directions"][pin] == "output"
            for bit in bits
        }
        wishes: dict[str, list[tuple[str, bool]]] = defaultdict(list)
        fixed: dict[str, list[bool]] = defaultdict(list)
        for name, cell in adders:
            for pin in _INPUTS:
                bit = cell["connections"][pin][0]
                driver, inverted = self._source(bit, drivers)
                if driver is None:
                    continue
                source = self.cells[driver]["type"]
                if source == BLACK_BOX:
                    wishes[name].append((driver, not inverted))
                    wishes[driver].append((name, not inverted))
                elif source in _RISING | _FALLING:
                    fixed[name].append(self._rises(bit, drivers))
        phases = {name: 2 * sum(wanted) > len(wanted) for name, wanted in fixed.items()}
        queue = deque(phases)
        for start, _ in adders:
            if start not in phases and not queue:
                phases[start] = False
                queue.append(start)
            while queue:
                here = queue.popleft()
                for other, differs in wishes[here]:
                    if other not in phases:
                        phases[other] = phases[here] ^ differs
                        queue.append(other)
        for _ in range(_ROUNDS):
            changed = False
            for name, _ in adders:
                votes = [phases[other] ^ differs for other, differs in wishes[name]] + fixed[name]
                if 2 * votes.count(not phases[name]) > len(votes):
                    phases[name] = not phases[name]
                    changed = True
            if not changed:
                break
        return phases

    def _put_cell(self, name: str, cell: Cell, inverted_inputs: bool | None) -> None:
        """Replace an adder by the cell; None: a cell whose outputs are not inverted."""
        links = cell["connections"]
        inputs = [links[pin][0] for pin in _INPUTS]
        outputs = [links[pin][0] if links.get(pin) else self._net() for pin in ("S", "K")]
        if inverted_inputs:
            inputs = [self._inverter(bit, self._net()) for bit in inputs]
        elif inverted_inputs is False:
            inner = [self._net(), self._net()]
            for bit, output in zip(inner, outputs, strict=True):
                self._inverter(bit, output)
            outputs = list(inner)
        self.cells[name] = new_cell(
            self.adder.cell,
            dict(zip(self.adder.inputs, inputs, strict=True)),
            dict(zip((self.adder.total, self.adder.carry), outputs, strict=True)),
        )

    def _cancel_inverters(self) -> None:
        """Take out every inverter that inverts back, and whose input others may use instead."""
        inverse = {
            cell["connections"]["Y"][0]: cell["connections"]["A"][0]
            for cell in self.cells.values()
            if cell["type"] == "$_NOT_"
        }
        for name, cell in list(self.cells.items()):
            if cell["type"] == "$_NOT_" and (inner := cell["connections"]["A"][0]) in inverse:
                self._alias(cell["connections"]["Y"][0], inverse[inner])
                del self.cells[name]
        self._rename()

    def _source(self, bit: Bit, drivers: dict[Bit, str]) -> tuple[str | None, bool]:
        """Return the cell that a net comes from, and whether inverters on the way invert it."""
        inverted = False
        for _ in range(_STEPS):
            name = drivers.get(bit)
            if name is None or self.cells[name]["type"] != "$_NOT_":
                return name, inverted
            bit, inverted = self.cells[name]["connections"]["A"][0], not inverted
        return None, inverted

    def _rises(self, bit: Bit, drivers: dict[Bit, str]) -> bool:
        """Return whether a net rises with what its gates take in: then its inverse is smaller."""
        rises = True
        for _ in range(_STEPS):
            name = drivers.get(bit)
            kind = self.cells[name]["type"] if name else None
            if name is None or kind not in {"$_NOT_"} | _RISING | _FALLING:
                break
            rises ^= kind not in _RISING
            bit = self.cells[name]["connections"]["A"][0]
        return rises

    def _gate(self, kind: str, inputs: list[Bit], output: Bit | None) -> None:
        if output is not None:
            self.added += 1
            pins = dict(zip(_INPUTS, inputs, strict=False))
            self.cells[f"$adders${self.added}"] = new_cell(kind, pins, {"Y": output})

    def _inverter(self, source: Bit, output: Bit) -> Bit:
        self._gate("$_NOT_", [source], output)
        return output

    def _alias(self, bit: Bit | None, same: Bit) -> None:
        if bit is not None:
            self.renamed[bit] = same

    def _rename(self) -> None:
        for bits in self._links():
            bits[:] = [self._renamed(bit) for bit in bits]

    def _links(self) -> Iterable[list[Bit]]:
        """Yield the nets of every pin and port."""
        for cell in self.cells.values():
            yield from cell["connections"].values()
        for port in self.module["ports"].values():
            yield port["bits"]

    def _renamed(self, bit: Bit) -> Bit:
        while bit in self.renamed:
            bit = self.renamed[bit]
        return bit

    def _net(self) -> int:
        self.last_net += 1
        return self.last_net
