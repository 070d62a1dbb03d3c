"""Critical path and a second opinion on power, by OpenSTA where it is installed."""

import re
from dataclasses import dataclass
from pathlib import Path

from bitnet_hw.errors import BuildFailed
from bitnet_hw.gates.library import Library
from bitnet_hw.gates.netlist import Netlist
from bitnet_hw.gates.tools import gates_folder, opensta_version, run_opensta
from sim.scratch import scratch_folder

__all__ = ["Timing", "analyze_timing"]

_TOP = "netlist"
_TIMEOUT_S = 600.0
_MOST_MHZ = 100_000.0
# "Total  internal switching leakage total 100.0%", in W.
_TOTAL = re.compile(r"^Total\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s", re.MULTILINE)
_WIRE_LOAD = re.compile(r"default_wire_load\w*\s*:[^;]*;")
_SLACK = re.compile(r"^(?:worst slack|wns)\s+(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Timing:
    """What OpenSTA says.

    Attributes
    ----------
    fmax_mhz : float
        Highest clock: from register to register, and from input ports that arrive with the clock.
    power_w : dict
        ``internal``, ``switching`` and ``leakage`` with every net at `activity`.
    activity : float
        Toggles of every net for each cycle.
    """

    fmax_mhz: float
    power_w: dict[str, float]
    activity: float


def analyze_timing(
    netlist: Netlist,
    library: Library,
    *,
    clock_mhz: float,
    activity: float = 0.2,
    root: Path | None = None,
) -> Timing | None:
    """Return critical path and power; None without OpenSTA.

    Wires have neither resistance nor capacitance, and the clock arrives everywhere at once.

    Parameters
    ----------
    netlist : Netlist
        What to analyse.
    library : Library
        Its cells.
    clock_mhz : float
        Clock that the power is for.
    activity : float
        Toggles of every net for each cycle, for the power.
    root : Path
        Folder to work in; without it in the user's cache directory.

    Raises
    ------
    BuildFailed
        If OpenSTA fails.
    """
    if not opensta_version():
        return None
    with scratch_folder(root or gates_folder()) as work:
        files = []
        for number, text in enumerate(library.texts):
            if used := netlist.cells.intersection(text.cell_names):
                files.append(f"cells{number}.lib")
                # Wires of a guessed length, which no other figure here has.
                cells = _WIRE_LOAD.sub("", text.excerpt(used))
                (work / files[-1]).write_text(cells, encoding="utf-8")
        (work / "netlist.v").write_text(netlist.verilog_for_timing(_TOP), encoding="utf-8")
        period_s = 1e-6 / clock_mhz
        unit_s = library.time_unit_s
        script = _script(files, netlist.clock, period_s / unit_s, activity)
        printed = run_opensta(script, work, what="Timing with OpenSTA", timeout_s=_TIMEOUT_S)
    slack, total = _SLACK.search(printed), _TOTAL.search(printed)
    if slack is None or total is None:
        raise BuildFailed(f"OpenSTA must report slack and power, not {printed[-200:]!r}")
    longest_s = period_s - float(slack[1]) * unit_s
    return Timing(
        fmax_mhz=min(1e-6 / longest_s, _MOST_MHZ) if longest_s > 0 else _MOST_MHZ,
        power_w=dict(
            zip(("internal", "switching", "leakage"), map(float, total.groups()[:3]), strict=True)
        ),
        activity=activity,
    )


def _script(files: list[str], clock: int, period: float, activity: float) -> str:
    """Return the script; `period` is in the library's unit of time."""
    return "\n".join([
        *(f"read_liberty {file}" for file in files),
        "read_verilog netlist.v",
        f"link_design {_TOP}",
        f"create_clock -name clk -period {period:.9g} [get_ports n{clock}]",
        "set_input_delay 0 -clock clk [all_inputs]",
        "report_worst_slack -digits 6",
        # Annotated per pin, Debian's 2.0.17 reports several times the power; this way it agrees.
        f"set_power_activity -global -activity {activity:g} -duty 0.5",
        "report_power -digits 9",
        "",
    ])
