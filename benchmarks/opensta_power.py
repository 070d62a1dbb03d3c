"""Our power of an array beside OpenSTA's, and beside a sum by the rules of Debian's OpenSTA.

    python -m benchmarks.opensta_power --library osu018 --clock-mhz 150

Every net toggles 0.2 times a cycle. Three of our sums stand beside what OpenSTA prints: as the flow
counts (`bitnet_hw.gates.power`), by OpenSTA's rules (`benchmarks.opensta_rules`) at our one slew,
and by its rules at the slews that it reports of each pin. Where the last one agrees, netlist,
library and loads are the same for both, and the rules are all that differs.
"""

import argparse
import math
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.opensta_rules import OpenstaRules, Slew
from bitnet_hw.cli import run_guarded
from bitnet_hw.config import Config, load_config
from bitnet_hw.errors import ToolMissing
from bitnet_hw.gates.activity import Activity
from bitnet_hw.gates.library import Library, find_library
from bitnet_hw.gates.netlist import Netlist
from bitnet_hw.gates.parts import array_parts
from bitnet_hw.gates.power import PowerModel
from bitnet_hw.gates.synthesis import synthesize
from bitnet_hw.gates.timing import analyze_timing
from bitnet_hw.gates.tools import run_opensta
from bitnet_hw.output import json_text, write

ACTIVITY = 0.2
_TIMEOUT_S = 600.0
_WIRE_LOAD = re.compile(r"default_wire_load\w*\s*:[^;]*;")
_SLEWS = re.compile(r"^u(\d+)/(\S+) \^ \S+:(\S+) v \S+:(\S+)", re.MULTILINE)

Slews = Mapping[tuple[int, str], Slew]
"""By number of a cell and pin; in ps."""


@dataclass(frozen=True)
class Row:
    """Power of a part in mW, by who adds it up."""

    part: str
    kind: str
    opensta: float
    ours: float
    rules: float
    rules_and_slews: float


def rows_of(config: Config, library: Library) -> Iterator[Row]:
    """Yield the power of each part of an array."""
    clock_mhz = config.clock_mhz
    for part in array_parts(config.array):
        netlist = synthesize(part, library, clock_mhz=clock_mhz).netlist
        cells = library.cells(netlist.cells)
        model = PowerModel(netlist, cells, library.corner.voltage_v, as_opensta=True)
        timing = analyze_timing(netlist, library, clock_mhz=clock_mhz, activity=ACTIVITY)
        if timing is None:
            raise ToolMissing("This needs OpenSTA; install it with: apt-get install opensta")
        rules = OpenstaRules(library, netlist.cells)
        slews = opensta_slews(netlist, library, clock_mhz)
        period_ps = 1e6 / clock_mhz
        energies = [
            own_energies(model, period_ps),
            energies_by_rules(model, rules, period_ps, dict.fromkeys(slews, (model.slew_ps,) * 2)),
            energies_by_rules(model, rules, period_ps, slews),
        ]
        for kind, watts in timing.power_w.items():
            # 1 fJ in each of 1e6 cycles a second is 1e-6 mW.
            sums = [1e-6 * clock_mhz * each[kind] for each in energies]
            yield Row(part.name, kind, 1e3 * watts, *sums)


def own_energies(model: PowerModel, period_ps: float) -> dict[str, float]:
    """Return what we count, in fJ a cycle."""
    nets = len(model.netlist.nets)
    everywhere = Activity(np.full(nets, ACTIVITY), np.full(nets, 0.5), 1)
    total: dict[str, float] = defaultdict(float)
    for kinds in model.energies_fj(everywhere, period_ps).values():
        for kind, energy in kinds.items():
            total[kind.removeprefix("clock ")] += energy
    return total


def energies_by_rules(
    model: PowerModel, rules: OpenstaRules, period_ps: float, slews: Slews
) -> dict[str, float]:
    """Return what OpenSTA counts, in fJ a cycle."""
    netlist, cells = model.netlist, model.cells
    clocks = {netlist.clock}
    loads: dict[int, float] = defaultdict(float)
    for instance in netlist.instances:
        if gate := cells[instance.cell].gate:
            clocks.add(instance.pins[gate.output])
        for pin, net in instance.pins.items():
            if not cells[instance.cell].pins[pin].output:
                loads[net] += rules.capacitance_ff(instance.cell, pin)
    total: dict[str, float] = defaultdict(float)
    for number, instance in enumerate(netlist.instances):
        clocked = {pin for pin, net in instance.pins.items() if net in clocks}
        own = {pin: slews[number, pin] for pin in instance.pins}
        # 1 nW for 1 ps is 1e-6 fJ.
        total["leakage"] += 1e-6 * period_ps * rules.leakage_nw(instance.cell)
        for pin, net in instance.pins.items():
            load = loads[net] if cells[instance.cell].pins[pin].output else 0.0
            toggles = 2.0 if pin in clocked else ACTIVITY
            total["switching"] += 0.5 * load * model.voltage_v**2 * toggles
            total["internal"] += rules.internal_fj(instance.cell, pin, own, load, clocked, ACTIVITY)
    return total


def opensta_slews(netlist: Netlist, library: Library, clock_mhz: float) -> Slews:
    """Return the slews that OpenSTA finds at each pin; none at what does not toggle."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        lines = []
        for number, text in enumerate(library.texts):
            if used := netlist.cells.intersection(text.cell_names):
                excerpt = _WIRE_LOAD.sub("", text.excerpt(used))
                (work / f"cells{number}.lib").write_text(excerpt, encoding="utf-8")
                lines.append(f"read_liberty cells{number}.lib")
        (work / "netlist.v").write_text(netlist.verilog_for_timing("netlist"), encoding="utf-8")
        period = 1e-6 / clock_mhz / library.time_unit_s
        lines += [
            "read_verilog netlist.v",
            "link_design netlist",
            f"create_clock -name clk -period {period:.9g} [get_ports n{netlist.clock}]",
            "set_input_delay 0 -clock clk [all_inputs]",
            *(
                f"report_slews u{number}/{pin}"
                for number, instance in enumerate(netlist.instances)
                for pin in instance.pins
            ),
            "",
        ]
        printed = run_opensta("\n".join(lines), work, what="Slews", timeout_s=_TIMEOUT_S)
    unit_ps = 1e12 * library.time_unit_s
    found = {
        (int(number), pin): (unit_ps * float(rise), unit_ps * float(fall))
        for number, pin, rise, fall in _SLEWS.findall(printed)
    }
    return {
        (number, pin): slew if all(map(math.isfinite, slew)) else (0.0, 0.0)
        for number, instance in enumerate(netlist.instances)
        for pin in instance.pins
        for slew in [found.get((number, pin), (0.0, 0.0))]
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Add up and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--library", required=True, help="folder, or name of an installed one")
    parser.add_argument("--array", default="edge", help="configuration file, or preset (edge)")
    parser.add_argument("--clock-mhz", type=float, help="clock to map for")
    parser.add_argument("--json", action="store_true", help="as JSON")
    options = parser.parse_args(arguments)
    library = find_library(options.library)
    clock = {} if options.clock_mhz is None else {"clock_mhz": options.clock_mhz}
    rows = list(rows_of(load_config(options.array, clock), library))
    if options.json:
        write(json_text({"library": library.provenance(), "rows": [asdict(row) for row in rows]}))
        return
    table = Table(
        title=f"Power in {library.name}, every net toggling {ACTIVITY:g} times a cycle, against "
        "OpenSTA's",
        title_justify="left",
    )
    for number, column in enumerate((
        "part",
        "power",
        "OpenSTA mW",
        "ours",
        "by its rules",
        "and at its slews",
    )):
        table.add_column(column, justify="right" if number > 1 else "left", no_wrap=True)
    for row in rows:
        sums = (row.ours, row.rules, row.rules_and_slews)
        shown = (f"{100 * (each / row.opensta - 1):+.2f} %" for each in sums)
        table.add_row(row.part, row.kind, f"{row.opensta:.4g}", *shown)
    Console(width=120).print(table)


if __name__ == "__main__":
    sys.exit(run_guarded(main))
