"""From a netlist to a placed and routed design and its bitstream, by nextpnr, for one seed."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bitnet_hw.errors import BuildFailed
from bitnet_hw.fpga.critical_path import CriticalPath, read_critical_path
from bitnet_hw.fpga.fit import check_log
from bitnet_hw.fpga.synthesis import Synthesis
from bitnet_hw.fpga.target import Target
from bitnet_hw.fpga.tools import fpga_folder, run_tool, tool_versions
from sim.scratch import scratch_folder

__all__ = ["Placement", "place_and_route", "read_report"]

_TIMEOUT_S = 7200.0
_DIGEST_CHARACTERS = 24


@dataclass(frozen=True)
class Placement:
    """A placed and routed design.

    Attributes
    ----------
    seed : int
        Of nextpnr.
    fmax_mhz : float
        Highest clock, between registers.
    used : dict
        Places taken on the device, wrapper included, by the names of `Family.sites`.
    critical_path : CriticalPath
        The path that limits the clock.
    bitstream : Path
        For the device.
    bitstream_bytes : int
        Its size, not compressed.
    bitstream_sha256 : str
        Its digest.
    place_and_route_s, pack_s : float
        Time that nextpnr and the packer took, perhaps in an earlier run.
    """

    seed: int
    fmax_mhz: float
    used: dict[str, int]
    critical_path: CriticalPath
    bitstream: Path
    bitstream_bytes: int
    bitstream_sha256: str
    place_and_route_s: float
    pack_s: float


def place_and_route(
    array: str,
    synthesis: Synthesis,
    target: Target,
    seed: int,
    *,
    root: Path | None = None,
    timeout_s: float = _TIMEOUT_S,
    poll: Callable[[], None] | None = None,
) -> Placement:
    """Place, route, time and pack a netlist.

    Parameters
    ----------
    array : str
        What to call the design in errors.
    synthesis : Synthesis
        The netlist.
    target : Target
        The device.
    seed : int
        Start of nextpnr's random numbers.
    root : Path
        Folder of all results; without it in the user's cache directory.
    timeout_s : float
        Longest time that nextpnr may take.
    poll : callable
        Called several times a second; what it raises ends the work.

    Raises
    ------
    ConfigError
        If the design does not fit.
    BuildFailed
        If a tool fails.
    """
    family = target.family
    arguments = [
        *target.placement,
        *("--json", "netlist.json", "--seed", str(seed), "--freq", f"{target.target_mhz:g}"),
        *("--report", "report.json", family.configuration, "configuration.txt", "--quiet"),
        *("--log", "nextpnr.log", "--timing-allow-fail", _UNCONSTRAINED[family.name]),
    ]
    versions = tool_versions(family)
    content = "\0".join([synthesis.netlist.name, *arguments, *versions.values()])
    known = hashlib.sha256(content.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    root = fpga_folder() if root is None else root
    result, bitstream = root / f"placement-{known}.json", root / f"bitstream-{known}.bin"
    if not (result.is_file() and bitstream.is_file()):
        with scratch_folder(root) as work:
            (work / "netlist.json").write_bytes(synthesis.netlist.read_bytes())
            started = time.monotonic()
            what = f"Place and route for {target.name}, seed {seed}, with nextpnr"
            options: dict[str, Any] = {"timeout_s": timeout_s, "poll": poll}
            try:
                run_tool(family, f"nextpnr_{family.name}", arguments, work, what=what, **options)
            except BuildFailed:
                check_log(array, target, work / "nextpnr.log")
                raise
            routed = time.monotonic()
            what = f"Packing the bitstream with {family.packer}"
            pack = ["configuration.txt", "bitstream.bin"]
            run_tool(family, family.packer, pack, work, what=what, **options)
            packed = time.monotonic()
            bits = (work / "bitstream.bin").read_bytes()
            report = json.loads((work / "report.json").read_text(encoding="utf-8"))
            found = read_report(report, target) | {
                "bitstream_sha256": hashlib.sha256(bits).hexdigest(),
                "place_and_route_s": routed - started,
                "pack_s": packed - routed,
            }
            (work / "result.json").write_text(json.dumps(found), encoding="utf-8")
            (work / "bitstream.bin").replace(bitstream)
            (work / "result.json").replace(result)
    found = json.loads(result.read_text(encoding="utf-8"))
    path = CriticalPath(**found.pop("critical_path"))
    return Placement(
        seed=seed,
        critical_path=path,
        bitstream=bitstream,
        bitstream_bytes=bitstream.stat().st_size,
        **found,
    )


def read_report(report: dict[str, Any], target: Target) -> dict[str, Any]:
    """Return highest clock, places and critical path from the report of nextpnr.

    Raises
    ------
    BuildFailed
        If it has not exactly one clock.
    """
    clocks = list(report["fmax"])
    if len(clocks) != 1:
        raise BuildFailed(f"The design must have one clock, not {', '.join(clocks) or 'none'}")
    utilization = report["utilization"]
    return {
        "fmax_mhz": report["fmax"][clocks[0]]["achieved"],
        # Of what a device has none, the report says nothing.
        "used": {
            kind: utilization[name]["used"] if name in utilization else 0
            for kind, name in target.family.sites.items()
        },
        "critical_path": asdict(read_critical_path(report["critical_paths"], clocks[0])),
    }


_UNCONSTRAINED = {"ecp5": "--lpf-allow-unconstrained", "ice40": "--pcf-allow-unconstrained"}
"""Pins wherever nextpnr likes: paths to and from them are not part of the highest clock."""
