"""From Verilog to a netlist of an FPGA's cells, by Yosys; found again by content."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitnet_hw.errors import BuildFailed
from bitnet_hw.fpga.target import Target
from bitnet_hw.fpga.tools import fpga_folder, tool_versions
from bitnet_hw.fpga.verilog_text import without_brackets, without_zeros
from bitnet_hw.fpga.wrapper import DESIGN, TOP, wrapper_verilog
from bitnet_hw.gates.tools import run_yosys
from rtl.geometry import Geometry
from sim.scratch import scratch_folder

__all__ = ["Synthesis", "cell_counts", "synthesize"]

STORE = "design.store."
"""Begins the names of the cells that hold the activations."""

_TIMEOUT_S = 3600.0
_DIGEST_CHARACTERS = 24


@dataclass(frozen=True)
class Synthesis:
    """A wrapped accelerator in cells.

    Attributes
    ----------
    netlist : Path
        For nextpnr, as JSON.
    verilog_sha256 : str
        Digest of the accelerator's Verilog, as `generate` writes it.
    accelerator, wrapper : dict
        Cells by their name.
    activations : dict
        Cells that hold the activations by their name; empty if registers do.
    seconds : float
        Time that Yosys took, perhaps in an earlier run.
    """

    netlist: Path
    verilog_sha256: str
    accelerator: dict[str, int]
    wrapper: dict[str, int]
    activations: dict[str, int]
    seconds: float


def synthesize(
    geometry: Geometry,
    target: Target,
    *,
    root: Path | None = None,
    timeout_s: float = _TIMEOUT_S,
    verilog: Callable[[Geometry], tuple[str, str]] | None = None,
) -> Synthesis:
    """Map an accelerator in its wrapper to the cells of a device.

    Parameters
    ----------
    geometry : Geometry
        What to map.
    target : Target
        The device.
    root : Path
        Folder of all netlists; without it in the user's cache directory.
    timeout_s : float
        Longest time that Yosys may take.
    verilog : callable
        Returns the Verilog of accelerator and wrapper; for tests of broken ones.

    Raises
    ------
    BuildFailed
        If Yosys fails, or spends multipliers on a design that has none.
    """
    design, frame = (verilog or _verilog)(geometry)
    text = without_brackets(without_zeros(design + frame))
    script = _script(target)
    versions = tool_versions(target.family)
    content = "\0".join([text, script, *versions.values()])
    known = hashlib.sha256(content.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    root = fpga_folder() if root is None else root
    netlist, counts = root / f"netlist-{known}.json", root / f"cells-{known}.json"
    if not (netlist.is_file() and counts.is_file()):
        with scratch_folder(root) as work:
            (work / "design.v").write_text(text, encoding="utf-8")
            started = time.monotonic()
            what = f"Synthesis for {target.name} with Yosys"
            run_yosys(script, work, what=what, timeout_s=timeout_s)
            seconds = time.monotonic() - started
            statistics = json.loads((work / "cells.json").read_text(encoding="utf-8"))
            cells = cell_counts(statistics) | {
                "activations": _stored(work / "netlist.json", target),
                "seconds": seconds,
            }
            (work / "counts.json").write_text(json.dumps(cells), encoding="utf-8")
            (work / "netlist.json").replace(netlist)
            (work / "counts.json").replace(counts)
    cells = json.loads(counts.read_text(encoding="utf-8"))
    multipliers = {
        cell: count
        for cell, count in cells["accelerator"].items()
        if target.family.kind(cell) == "dsp"
    }
    if multipliers:
        raise BuildFailed(f"A ternary array must need no multipliers, not {multipliers}")
    return Synthesis(
        netlist=netlist,
        verilog_sha256=hashlib.sha256(design.encode()).hexdigest(),
        **cells,
    )


def cell_counts(statistics: dict[str, Any]) -> dict[str, Any]:
    """Return the cells of accelerator and wrapper from the statistics of Yosys."""
    modules = {name.removeprefix("\\"): module for name, module in statistics["modules"].items()}
    counted = {
        part: {
            cell: count
            for cell, count in sorted(modules[module]["num_cells_by_type"].items())
            if cell != DESIGN and not cell.startswith("$")
        }
        for part, module in (("accelerator", DESIGN), ("wrapper", TOP))
    }
    return dict(counted)


def _stored(netlist: Path, target: Target) -> dict[str, int]:
    """Return the memory cells that hold the activations."""
    cells = json.loads(netlist.read_text(encoding="utf-8"))["modules"][TOP]["cells"]
    kinds = [
        cell["type"]
        for name, cell in cells.items()
        if name.startswith(STORE) and target.family.kind(cell["type"]) in {"block_ram", "lut_ram"}
    ]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def _verilog(geometry: Geometry) -> tuple[str, str]:
    from amaranth.back.verilog import YosysError

    from rtl.verilog import emit

    try:
        return emit(geometry, DESIGN)[0], wrapper_verilog(geometry)
    except YosysError as error:
        raise BuildFailed(f"Yosys must accept the generated design: {error}") from error


def _script(target: Target) -> str:
    """Return the script: the accelerator stays a module of its own until its cells are counted."""
    return "\n".join([
        "read_verilog design.v",
        f"setattr -mod -set keep_hierarchy 1 {DESIGN}",
        # Whatever the store returns for a word that is being written is right: the sequencer
        # fetches the word again before it uses it. Of other memories that is not known.
        "setattr -set no_rw_check 1 */m:store",
        " ".join([target.family.synthesis, *target.synthesis, f"-top {TOP}"]),
        "tee -q -o cells.json stat -json",
        f"setattr -mod -unset keep_hierarchy {DESIGN}",
        "flatten",
        "write_json netlist.json",
        "",
    ])
