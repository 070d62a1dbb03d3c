"""Our array beside multiplier arrays and beside other ternary cores, in the same cells.

    python -m benchmarks.gate_peers --library ../pdk/asap7 --peers build/peers

One flow for all: the same synthesis, the same clock to map for, the same operands (the trained
digits layer; INT8 and FP16 take the layer trained in fp32), toggles counted in the netlist, every
output checked. The sources of the other cores are cloned from GitHub into the folder of --peers at
the commits that were looked at, unless they are there already.

An area is that of everything in the core, divided by its multiply-accumulates in a cycle at its
best; an energy is that of all cycles divided by the multiply-accumulates done.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.gate_peer_designs import PEERS, GatePeer
from bitnet_hw.cli import run_guarded
from bitnet_hw.config import Config, load_config
from bitnet_hw.errors import BitnetHwError
from bitnet_hw.gates.activity import build_simulator, measure_activity
from bitnet_hw.gates.baseline_operands import draw_baseline_operands
from bitnet_hw.gates.baseline_stimulus import baseline_design
from bitnet_hw.gates.flow import characterize_array
from bitnet_hw.gates.library import Library, find_library
from bitnet_hw.gates.operands import draw_operands
from bitnet_hw.gates.power import PowerModel
from bitnet_hw.gates.synthesis import synthesize
from bitnet_hw.gates.timing import analyze_timing
from bitnet_hw.gates.tools import run_yosys
from bitnet_hw.output import json_text, write

SIZES = ("16x16", "64x64")
FORMATS = ("ternary", "int8", "fp16")
_OPERANDS = "digits"
_LIMIT_S = 1800.0


@dataclass(frozen=True)
class Row:
    """A line of the table; energies in fJ for each multiply-accumulate.

    `by_group` has um2 and fJ for each multiply-accumulate, with a new tile of weights in each step.
    """

    design: str
    holds: str
    macs_per_cycle: int
    um2_per_mac: float
    fj_new_weights: float
    fj_kept_weights: float | None
    fmax_mhz: float | None
    by_group: dict[str, tuple[float, float]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--library", required=True, help="folder, or name of an installed one")
    parser.add_argument("--array", default="large-biased", help="the array; its size is replaced")
    parser.add_argument("--size", action="append", help="ROWSxLANES; default: 16x16 and 64x64")
    parser.add_argument("--format", action="append", choices=FORMATS, help="default: all")
    parser.add_argument("--peers", type=Path, help="folder of the other cores; default: without")
    parser.add_argument("--json", action="store_true", help="everything, as JSON")
    options = parser.parse_args(arguments)
    library = find_library(options.library)
    rows = []
    for row in all_rows(
        library,
        options.array,
        options.size or SIZES,
        options.format or FORMATS,
        options.peers,
    ):
        print(f"{row.design}: {row.um2_per_mac:.2f} um2/MAC", file=sys.stderr, flush=True)
        rows.append(row)
    if options.json:
        write(json_text({"library": library.provenance(), "rows": [asdict(row) for row in rows]}))
    else:
        Console().print(table_of(rows, f"{library.name}, operands: {_OPERANDS}"))


def all_rows(
    library: Library,
    array: str,
    sizes: Sequence[str],
    formats: Sequence[str],
    peers: Path | None,
) -> Iterator[Row]:
    """Yield arrays of every format and size, then the other cores."""
    for size in sizes:
        config = sized(array, size)
        for number_format in formats:
            yield measured_array(config, number_format, library)
    for peer in PEERS if peers is not None else ():
        assert peers is not None
        yield measured_peer(peer, peers, load_config(array).clock_mhz, library)


def sized(array: str, size: str) -> Config:
    """Return the array with other rows and lanes.

    A word of weights is a tile; the tree has its last register no later than before its last level.
    """
    rows, cross, lanes = size.partition("x")
    if not (cross and rows.isdecimal() and lanes.isdecimal()):
        raise BitnetHwError(f"--size must be like 16x16, not {size!r}")
    bits = 8 * -(-int(rows) * int(lanes) // 5)
    overrides = {"rows": int(rows), "lanes": int(lanes), "weight_bus_bits": bits}
    last = max(1, (int(lanes) - 1).bit_length() - 1)
    every = min(load_config(array).array.tree_register_every, last)
    overrides |= {"output_bus_words": 1, "tree_register_every": every}
    return load_config(array, {f"array.{key}": value for key, value in overrides.items()})


def measured_array(config: Config, number_format: str, library: Library) -> Row:
    """Return an array of ours, ternary or of multipliers."""
    if number_format == "ternary":
        found = characterize_array(config, library, [draw_operands(_OPERANDS)])
        name, holds = config.array.lane_style, "trit5 decoders, tile registers"
    else:
        design = baseline_design(config.array, number_format)
        operands = draw_baseline_operands(_OPERANDS, number_format)
        found = characterize_array(config, library, [operands], design=design)
        name, holds = "multipliers", "weight registers; no decoder"
    macs = config.array.macs_per_cycle
    energies = {stream.tokens: stream for stream in found.streams}
    first = energies[1]
    groups = {group.group: group.area_um2 / macs for group in found.groups}
    return Row(
        f"{number_format} {name}, {config.array.rows}x{config.array.lanes}",
        f"{holds}, {config.array.max_tokens} partial sums a row",
        macs,
        found.area_um2_per_mac,
        first.fj_per_mac,
        energies[config.array.max_tokens].fj_per_mac,
        found.fmax_mhz,
        {name: (area, sum(first.by_group[name].values())) for name, area in groups.items()},
    )


def measured_peer(peer: GatePeer, folder: Path, clock_mhz: float, library: Library) -> Row:
    """Return another core in the same flow."""
    verilog = plain_verilog(peer.source(checkout(peer, folder)))
    part = peer.part(verilog)
    mapped = synthesize(part, library, clock_mhz=clock_mhz)
    cells = library.cells(mapped.netlist.cells)
    model = PowerModel(mapped.netlist, cells, library.corner.voltage_v)
    stimulus = peer.stimulus(draw_operands(_OPERANDS))
    simulator = build_simulator(mapped.netlist, library)
    activity = measure_activity(mapped.netlist, stimulus, simulator)
    energies = model.energies_fj(activity, 1e6 / clock_mhz)
    cycles = (stimulus.cycles - stimulus.skipped) / stimulus.steps / peer.macs_per_cycle
    timing = analyze_timing(mapped.netlist, library, clock_mhz=clock_mhz)
    groups = {
        str(group): (area / peer.macs_per_cycle, cycles * sum(energies[group].values()))
        for group, area in model.areas_um2.items()
        if group is not None
    }
    return Row(
        peer.name,
        peer.holds,
        peer.macs_per_cycle,
        sum(area for area, _ in groups.values()),
        sum(energy for _, energy in groups.values()),
        None,
        None if timing is None else timing.fmax_mhz,
        groups,
    )


def checkout(peer: GatePeer, folder: Path) -> Path:
    """Return the sources of a core; clone them if they are not there."""
    place = folder / peer.repository.partition("/")[2]
    if not place.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        for command in (
            ["git", "clone", "--quiet", f"https://github.com/{peer.repository}", str(place)],
            ["git", "-C", str(place), "checkout", "--quiet", peer.commit],
        ):
            if subprocess.run(command, check=False).returncode:
                raise BitnetHwError(f"Cannot fetch {peer.repository}: {' '.join(command)} failed")
    return place


def plain_verilog(text: str) -> str:
    """Return SystemVerilog with parameters as plain Verilog, modules kept apart."""
    with tempfile.TemporaryDirectory(prefix="gate-peers-") as name:
        work = Path(name)
        (work / "peer.sv").write_text(text, encoding="utf-8")
        script = (
            "read_verilog -sv peer.sv",
            "hierarchy -top peer",
            "proc",
            "opt_clean",
            "write_verilog peer.v",
            "",
        )
        run_yosys("\n".join(script), work, what="Reading the core with Yosys", timeout_s=_LIMIT_S)
        return (work / "peer.v").read_text(encoding="utf-8")


def table_of(rows: Sequence[Row], title: str) -> Table:
    """Return the table: one line a design, and those of its groups."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate((
        "design",
        "holds",
        "MAC a cycle",
        "um2/MAC",
        "fJ/MAC, new weights in each step",
        "kept for 8",
        "fmax MHz",
    )):
        table.add_column(column, justify="right" if number > 1 else "left")
    for row in rows:
        kept = "" if row.fj_kept_weights is None else f"{row.fj_kept_weights:.1f}"
        fmax = "" if row.fmax_mhz is None else f"{row.fmax_mhz:,.0f}"
        figures = (f"{row.um2_per_mac:.2f}", f"{row.fj_new_weights:.1f}", kept, fmax)
        table.add_row(row.design, row.holds, f"{row.macs_per_cycle:,}", *figures)
        for name, (area, energy) in row.by_group.items():
            table.add_row(f"  {name}", "", "", f"{area:.2f}", f"{energy:.1f}")
    return table


if __name__ == "__main__":
    sys.exit(run_guarded(main))
