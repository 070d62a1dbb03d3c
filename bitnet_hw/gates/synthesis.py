"""From the Verilog of a part to a netlist of standard cells, by Yosys; found again by content."""

import fnmatch
import hashlib
import inspect
import json
from dataclasses import dataclass
from pathlib import Path

from bitnet_hw.errors import BuildFailed
from bitnet_hw.gates import adder_phases, register_phases
from bitnet_hw.gates.adder_phases import place_full_adders
from bitnet_hw.gates.design import read_design
from bitnet_hw.gates.full_adders import TECHMAP, FullAdder, find_full_adder
from bitnet_hw.gates.library import Library
from bitnet_hw.gates.netlist import Netlist, read_netlist
from bitnet_hw.gates.parts import Part
from bitnet_hw.gates.register_phases import invert_before_registers
from bitnet_hw.gates.tools import gates_folder, run_yosys, yosys_version
from sim.scratch import scratch_folder

__all__ = ["Synthesis", "synthesize"]

_TIMEOUT_S = 1800.0
_DIGEST_CHARACTERS = 24
_ADDERS, _GENERIC, _NUMBERS = "adders.v", "generic.json", "numbers.il"
# Yosys numbers what it adds. In a design read as JSON it would start anew, and meet its own names.
_FIRST_NUMBER = 1_000_000_000
# A clock gate has the size of a register; with fewer than these behind it, it saves nothing.
_FEWEST_GATED = 4


@dataclass(frozen=True)
class Synthesis:
    """A part in cells: the part, its netlist, and the digest of the netlist."""

    part: Part
    netlist: Netlist
    digest: str


def synthesize(
    part: Part,
    library: Library,
    *,
    clock_mhz: float,
    flatten: bool = False,
    root: Path | None = None,
    timeout_s: float = _TIMEOUT_S,
) -> Synthesis:
    """Map a part to the cells of a library.

    Parameters
    ----------
    part : Part
        What to map.
    library : Library
        The cells.
    clock_mhz : float
        The mapper may make a path as slow as this clock allows, to save area.
    flatten : bool
        Optimise across the modules of the part. Its groups then become one.
    root : Path
        Folder of all netlists; without it in the user's cache directory.
    timeout_s : float
        Longest time that Yosys may take.

    Raises
    ------
    ToolMissing
        If Yosys is not installed.
    ConfigError
        If the library is broken.
    BuildFailed
        If Yosys fails.
    """
    adder = find_full_adder(library)
    generic = _generic(part, library, adder, flatten=flatten)
    mapping = _mapping(part, library, period_ps=1e6 / clock_mhz)
    known = hashlib.sha256(
        "\0".join([
            part.verilog,
            generic,
            TECHMAP,
            inspect.getsource(adder_phases),
            inspect.getsource(register_phases),
            mapping,
            library.digest,
            yosys_version(),
        ]).encode()
    )
    root = gates_folder() if root is None else root
    file = root / f"netlist-{known.hexdigest()[:_DIGEST_CHARACTERS]}.json"
    groups = {"": part.name} if flatten else part.groups
    netlist = _kept(file, part.top, groups)
    if netlist is None:
        with scratch_folder(root) as work:
            (work / "part.v").write_text(part.verilog, encoding="utf-8")
            for library_name, content in library.contents.items():
                (work / library_name).write_bytes(content)
            what = f"Synthesis of the {part.name} with Yosys"
            (work / _ADDERS).write_text(TECHMAP, encoding="utf-8")
            (work / _NUMBERS).write_text(f"autoidx {_FIRST_NUMBER}\n", encoding="utf-8")
            run_yosys(generic, work, what=what, timeout_s=timeout_s)
            try:
                design = read_design((work / _GENERIC).read_text("utf-8"), library)
            except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
                raise BuildFailed(f"{what} must give a design of generic gates") from error
            if adder is not None:
                place_full_adders(design, adder)
            invert_before_registers(design)
            (work / _GENERIC).write_text(json.dumps(design), "utf-8")
            run_yosys(mapping, work, what=what, timeout_s=timeout_s)
            netlist = _kept(work / "netlist.json", part.top, groups)
            if netlist is None:
                raise BuildFailed(f"{what} must give a netlist of {part.top}")
            (work / "netlist.json").replace(file)
    if not flatten:
        cells = library.cells(netlist.cells)
        outputs = {
            name: [pin for pin, its in cell.pins.items() if its.output]
            for name, cell in cells.items()
        }
        first = {name for name, cell in cells.items() if cell.clock_pin}
        first |= {adder.cell} if adder is not None else set()
        for outer, inner in part.kinds.items():
            netlist = netlist.moved(outer, inner, first, outputs)
    # Over cells and nets only: the JSON names its maker.
    content = netlist.verilog_for_timing(part.top).encode()
    return Synthesis(part, netlist, hashlib.sha256(content).hexdigest())


def _kept(file: Path, top: str, groups: dict[str, str]) -> Netlist | None:
    """Return the netlist in a file; None if it is not there, or is not what Yosys writes."""
    try:
        text = file.read_text(encoding="utf-8")
        # What else can be wrong with it, a wrong part for one, is for the user to see.
        json.loads(text)["modules"][top]["cells"]
    except (FileNotFoundError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError):
        return None
    return read_netlist(text, top, groups)


def _generic(part: Part, library: Library, adder: FullAdder | None, *, flatten: bool) -> str:
    """Return the script of the first half: generic gates, full adders, flip-flops, gated clocks."""
    inside = part.top.removesuffix("_top")
    borders = ("",) if flatten else part.borders
    if adder is None and not flatten:
        borders += part.loose_borders
    kept = " ".join(f"{inside}.{path}".rstrip(".") for path in borders)
    adders = [f"read_verilog -lib {_ADDERS}", f"techmap -map {_ADDERS}", "opt -full"]
    return "\n".join([
        "read_verilog part.v",
        f"setattr -mod -set keep_hierarchy 1 {kept}",
        f"synth -top {part.top} -flatten -run begin:fine",
        *(["maccmap", *adders] if adder is not None else []),
        "synth -run fine:",
        f"clockgate {_liberty(library)} -min_net_size {_FEWEST_GATED}",
        f"dfflibmap {_liberty(library)} {_unwanted(library)}",
        "opt_clean -purge",
        f"write_json {_GENERIC}",
        "",
    ])


def _mapping(part: Part, library: Library, *, period_ps: float) -> str:
    """Return the script of the second half: logic for a clock period."""
    return "\n".join([
        f"read_rtlil {_NUMBERS}",
        f"read_json {_GENERIC}",
        f"hierarchy -top {part.top}",
        f"abc -D {period_ps:.0f} {_liberty(library)} {_unwanted(library)}",
        # Modules have served: from here on the names of the cells say where they come from.
        "setattr -mod -unset keep_hierarchy *",
        "flatten",
        "setundef -zero",
        "opt_clean -purge",
        "write_json netlist.json",
        "",
    ])


def _liberty(library: Library) -> str:
    return " ".join(f"-liberty {name}" for name in library.contents)


def _unwanted(library: Library) -> str:
    return " ".join(
        f"-dont_use {cell}"
        for text in library.texts
        for cell in text.cell_names
        if any(fnmatch.fnmatch(cell, pattern) for pattern in library.dont_use)
    )
