"""From the Verilog of a part to a netlist of standard cells, by Yosys; found again by content."""

import fnmatch
import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bitnet_hw.gates.library import Library
from bitnet_hw.gates.netlist import Netlist, read_netlist
from bitnet_hw.gates.parts import Part
from bitnet_hw.gates.tools import gates_folder, run_yosys, yosys_version

__all__ = ["Synthesis", "synthesize"]

_TIMEOUT_S = 1800.0
_DIGEST_CHARACTERS = 24


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
    script = _script(part, library, period_ps=1e6 / clock_mhz, flatten=flatten)
    known = hashlib.sha256(
        "\0".join([part.verilog, script, library.digest, yosys_version()]).encode()
    )
    root = gates_folder() if root is None else root
    file = root / f"netlist-{known.hexdigest()[:_DIGEST_CHARACTERS]}.json"
    if not file.is_file():
        with tempfile.TemporaryDirectory(prefix="building-", dir=root) as name:
            work = Path(name)
            (work / "part.v").write_text(part.verilog, encoding="utf-8")
            for library_name, content in library.contents.items():
                (work / library_name).write_bytes(content)
            what = f"Synthesis of the {part.name} with Yosys"
            run_yosys(script, work, what=what, timeout_s=timeout_s)
            (work / "netlist.json").replace(file)
    text = file.read_text(encoding="utf-8")
    groups = {"": part.name} if flatten else part.groups
    netlist = read_netlist(text, part.top, groups)
    # Over cells and nets only: the JSON names its maker.
    content = netlist.verilog_for_timing(part.top).encode()
    return Synthesis(part, netlist, hashlib.sha256(content).hexdigest())


def _script(part: Part, library: Library, *, period_ps: float, flatten: bool) -> str:
    """Return the script: generic synthesis, flip-flops, then logic for a clock period."""
    files = [f"-liberty {name}" for name in library.contents]
    unwanted = [
        f"-dont_use {cell}"
        for text in library.texts
        for cell in text.cell_names
        if any(fnmatch.fnmatch(cell, pattern) for pattern in library.dont_use)
    ]
    inside = part.top.removesuffix("_top")
    keep = [f"setattr -mod -set keep_hierarchy 1 {inside}"] if flatten else []
    freed = [f"setattr -mod -unset keep_hierarchy {inside}"] if flatten else []
    return "\n".join([
        "read_verilog part.v",
        *keep,
        f"synth -top {part.top}{' -flatten' if flatten else ''}",
        " ".join(["dfflibmap", *files, *unwanted]),
        " ".join([f"abc -D {period_ps:.0f}", *files, *unwanted]),
        *freed,
        # Modules have served: from here on the names of the cells say where they come from.
        "flatten",
        "setundef -zero",
        "opt_clean -purge",
        "write_json netlist.json",
        "",
    ])
