"""Reads what a Verilator build with coverage counted: lines, branches, and toggles of bits."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ModuleCounts", "Toggle", "read_counts"]

# C '^Afile^Bdesign.v^Al^B10^A...' 123, where ^A begins a key and ^B its value.
_ENTRY = re.compile(r"C '(.*)' (\d+)$")
_KEY, _VALUE = "\x01", "\x02"
_ESCAPED = re.compile(r"__0([0-9A-Fa-f]{2})")
_TOGGLE = re.compile(r"(.+?)((?:\[\d+\])*):(0->1|1->0)")

# Yosys wakes each combinational block once, at the start, by a branch on a constant.
_WAKING = "verilog_backend"


@dataclass(frozen=True, order=True)
class Toggle:
    """One bit of a signal changing in one direction.

    Attributes
    ----------
    signal : str
        Name in the Verilog.
    place : tuple of int
        Element of a memory, and bit; empty for a signal of one bit.
    direction : str
        ``"0->1"`` or ``"1->0"``.
    """

    signal: str
    place: tuple[int, ...]
    direction: str

    def __str__(self) -> str:
        places = "".join(f"[{place}]" for place in self.place)
        return f"{self.signal}{places} {self.direction}"


@dataclass
class ModuleCounts:
    """How often each point of a module was reached, in all its instances together.

    Attributes
    ----------
    lines, branches : dict
        By line of the Verilog, and what stands there.
    toggles : dict
        Of signals that the design names.
    unnamed : dict
        Of parts of expressions, which Yosys numbers.
    """

    lines: dict[tuple[int, str], int] = field(default_factory=lambda: defaultdict(int))
    branches: dict[tuple[int, str], int] = field(default_factory=lambda: defaultdict(int))
    toggles: dict[Toggle, int] = field(default_factory=lambda: defaultdict(int))
    unnamed: dict[Toggle, int] = field(default_factory=lambda: defaultdict(int))


def read_counts(path: Path, verilog: str) -> dict[str, ModuleCounts]:
    """Return the counts of each module of a run.

    Parameters
    ----------
    path : Path
        ``coverage.dat``.
    verilog : str
        What was built, to tell branches that Yosys adds.

    Raises
    ------
    ValueError
        If the file is none of Verilator, or holds a point that is not known.
    """
    modules: dict[str, ModuleCounts] = defaultdict(ModuleCounts)
    text = path.read_text(encoding="latin-1")
    if not text.startswith("# SystemC::Coverage"):
        raise ValueError(f"{path} must be a coverage file of Verilator")
    waking = {number for number, line in enumerate(verilog.splitlines(), 1) if _WAKING in line}
    for values, hits in _entries(text):
        kind, _, module = values["page"].partition("/")
        counts = modules[module]
        line, what = int(values["l"]), values["o"]
        if kind == "v_line":
            counts.lines[line, what] += hits
        elif kind == "v_branch":
            if line not in waking:
                counts.branches[line, what] += hits
        elif kind == "v_toggle":
            toggle = _toggle(what)
            named = not toggle.signal.startswith("$")
            (counts.toggles if named else counts.unnamed)[toggle] += hits
        else:
            raise ValueError(f"{path} must hold lines, branches and toggles, not {kind}")
    return dict(modules)


def _entries(text: str) -> Iterator[tuple[dict[str, str], int]]:
    for line in text.splitlines():
        if entry := _ENTRY.match(line):
            pairs: Iterable[str] = filter(None, entry[1].split(_KEY))
            values = dict(pair.split(_VALUE, 1) for pair in pairs)
            yield values, int(entry[2])


def _toggle(text: str) -> Toggle:
    """Return the toggle that Verilator describes, with the signal's name as the Verilog has it."""
    match = _TOGGLE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text} must be a bit and a direction")
    name = _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), match[1])
    places = tuple(int(place) for place in re.findall(r"\d+", match[2]))
    return Toggle(name, places, match[3])
