"""How Debian's OpenSTA adds up power: 2.0.17, commit c018cb2 of November 2019, with its faults.

For a global activity and a duty of one half, as its source has it:

* Internal: for each toggle of a pin the energies of a rise *and* of a fall; each entry of the
  library as often as its condition holds, an entry without one in half of all cases, at a clock
  always; entries of a ground only where conditions are incomplete. Tables go on beyond their edges.
* Leakage: each state's twice, over two to the number of inputs that its condition names. So a
  condition that names outputs counts for as many states as those could make.
* Terms joined by ``or`` are taken for independent, even if they exclude one another.

In 2020 a toggle was made one of both (77d507d0), and a state counted once (b246217b).
"""

import ast
import re
from collections.abc import Collection, Mapping

import numpy as np

from bitnet_hw.gates.cells import InternalEnergy
from bitnet_hw.gates.library import Library
from bitnet_hw.gates.table import Table, Values

__all__ = ["OpenstaRules"]

Slew = tuple[float, float]
"""Of a rise and of a fall, in ps."""

_NW = {"1pw": 1e-3, "1nw": 1.0, "1uw": 1e3, "1mw": 1e6}
_CLOCK = 2.0


class OpenstaRules:
    """The named cells of a library."""

    def __init__(self, library: Library, names: set[str]) -> None:
        self._cells = library.cells(names)
        self._groups = {
            name: text.cell(name)
            for text in library.texts
            for name in names.intersection(text.cell_names)
        }
        unit = library.texts[0].header().attributes.get("leakage_power_unit", "1nW")
        self._leakage_nw = _NW[unit.lower()]

    def capacitance_ff(self, cell: str, pin: str) -> float:
        """Return what a pin adds to its net: the larger one of a rise and of a fall."""
        [group] = [g for g in self._groups[cell].named("pin") if g.arguments[0] == pin]
        usual = float(group.attributes.get("capacitance", 0))
        edges = [float(group.attributes.get(f"{e}_capacitance", usual)) for e in ("rise", "fall")]
        ours = self._cells[cell].pins[pin].capacitance_ff
        return ours * max(edges) / usual if usual else ours

    def leakage_nw(self, cell: str) -> float:
        """Return what a cell leaks."""
        group = self._groups[cell]
        if "cell_leakage_power" in group.attributes:
            return self._leakage_nw * float(group.attributes["cell_leakage_power"])
        pins = self._cells[cell].pins
        always, states = 0.0, []
        for power in group.named("leakage_power"):
            value = self._leakage_nw * float(power.attributes["value"])
            if when := power.attributes.get("when"):
                named = [pin for pin in _names(_tree(when)) if pin in pins and not pins[pin].output]
                states.append(value * 2 * 0.5 ** len(named))
            else:
                always += value
        return sum(states) if states else always

    def internal_fj(
        self,
        cell: str,
        pin: str,
        slews: Mapping[str, Slew],
        load_ff: float,
        clocked: Collection[str],
        activity: float,
    ) -> float:
        """Return the internal energy of a pin in a cycle.

        Parameters
        ----------
        cell, pin : str
            Which.
        slews : mapping
            By pin of the cell.
        load_ff : float
            On the pin, if it is an output.
        clocked : collection of str
            Pins of the cell with a clock on them, gated or not: they toggle twice.
        activity : float
            Toggles of every other pin.
        """
        its = self._cells[cell].pins[pin]
        total = 0.0
        for entry in its.energies:
            if self._grounded(cell, entry.rail) and not _incomplete(entry, its.energies):
                continue
            for related in entry.related.split() or [pin]:
                tables = entry.tables * (2 // len(entry.tables))
                energies = map(_at, tables, slews[related], (load_ff, load_ff))
                total += self._toggles(cell, pin, entry, related, clocked, activity) * sum(energies)
        return total

    def _toggles(
        self,
        cell: str,
        pin: str,
        entry: InternalEnergy,
        related: str,
        clocked: Collection[str],
        activity: float,
    ) -> float:
        """Return how often an entry counts in a cycle."""
        pins = self._cells[cell].pins
        toggles = _CLOCK if pin in clocked else activity
        if entry.when:
            return toggles * _duty(_tree(entry.when), pins)
        from_related = _CLOCK if related in clocked else activity
        if entry.related and pins[pin].function:
            given = _given(_tree(pins[pin].function), related, pins)
            if given is not None:
                return from_related * given
        return toggles * (1.0 if related in clocked else 0.5)

    def _grounded(self, cell: str, rail: str) -> bool:
        return any(
            pin.arguments[0] == rail and pin.attributes.get("pg_type", "").endswith("ground")
            for pin in self._groups[cell].named("pg_pin")
        )


def _incomplete(entry: InternalEnergy, entries: Collection[InternalEnergy]) -> bool:
    """Return whether an entry has a condition, and others that its rail should have are missing."""
    same = [e.when for e in entries if e.rail == entry.rail and e.when and not e.related]
    named = len(_names(_tree(same[-1]))) if same else 0
    return bool(entry.when) and len(same) != 1 << named


def _tree(expression: str) -> ast.expr:
    """Return an expression of Liberty as one of Python, whose operators bind alike."""
    text = re.sub(r"\s*([*&+|^])\s*", r"\1", expression.strip())
    text = re.sub(r"(?<=[\w)])\s+(?=[\w(!])", "&", text)
    text = text.replace("!", "~").replace("*", "&").replace("+", "|")
    return ast.parse(text, mode="eval").body


def _names(tree: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _duty(tree: ast.expr, pins: Collection[str]) -> float:
    """Return how likely an expression is true; what is not a pin is always 0."""
    match tree:
        case ast.Name(name):
            return 0.5 if name in pins else 0.0
        case ast.UnaryOp(ast.Invert(), operand):
            return 1 - _duty(operand, pins)
        case ast.BinOp(left, operator, right):
            one, other = _duty(left, pins), _duty(right, pins)
            if isinstance(operator, ast.BitAnd):
                return one * other
            if isinstance(operator, ast.BitOr):
                return 1 - (1 - one) * (1 - other)
            return one * (1 - other) + other * (1 - one)
        case ast.Constant(value):
            return float(value)  # type: ignore[arg-type]
    raise ValueError(f"{ast.unparse(tree)} is not an expression of Liberty")


def _given(function: ast.expr, pin: str, pins: Collection[str]) -> float | None:
    """Return how likely a toggle of an input toggles the output, where OpenSTA sees that."""
    match function:
        case ast.Name(name):
            return 1.0 if name == pin else None
        case ast.UnaryOp(ast.Invert(), operand):
            return _given(operand, pin, pins)
        case ast.BinOp(left, operator, right):
            for side, other in ((left, right), (right, left)):
                if ast.unparse(side).removeprefix("~") == pin:
                    likely = _duty(other, pins)
                    return likely if isinstance(operator, ast.BitAnd) else 1 - likely
    return None


def _at(table: Table, slew: float, load: float) -> float:
    """Return the value of a table, which goes on as a straight line beyond its edges."""
    row, across = _place(table.slews, slew)
    column, along = _place(table.loads, load)
    corner = table.values[row : row + 2, column : column + 2]
    weights = np.outer([1 - across, across][: len(corner)], [1 - along, along][: corner.shape[1]])
    return float((corner * weights).sum())


def _place(axis: Values, value: float) -> tuple[int, float]:
    """Return the point of an axis below a value, and how far it is to the next one."""
    if len(axis) == 1:
        return 0, 0.0
    below = int(np.clip(np.searchsorted(axis, value, "right") - 1, 0, len(axis) - 2))
    return below, float((value - axis[below]) / (axis[below + 1] - axis[below]))
