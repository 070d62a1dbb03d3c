"""Ways to code a ternary lane, in standard cells: those of `rtl/` and those it does without.

    python -m benchmarks.lane_codings --library ../pdk/asap7

The dot product of one row, lanes and tree, stands between registers that are not counted. What all
rows share of the activations is a part by itself and counts one in as many as there are rows. Every
output is checked against the golden sum in every cycle. Operands are those of `bitnet-hw
characterize`, where digits and relu2 have no negative activations, and ``normal``, which are small
numbers of both signs, as they come of a norm. New weights in every step and for 8 steps; leakage is
in the energy.
"""

import argparse
import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.lane_coding_parts import CODINGS, REUSES, Coding, row_part, shared_part
from benchmarks.lane_coding_stimulus import row_stimulus, shared_stimulus, steps_of
from bitnet_hw.checkpoint_operands import checkpoint_operands
from bitnet_hw.cli import run_guarded
from bitnet_hw.gates.activity import build_simulator, measure_activity
from bitnet_hw.gates.library import Library, find_library
from bitnet_hw.gates.operands import OPERANDS, Operands, draw_operands
from bitnet_hw.gates.power import PowerModel
from bitnet_hw.gates.synthesis import synthesize
from bitnet_hw.gates.timing import analyze_timing
from bitnet_hw.output import json_text, write

_CLOCK_MHZ = 1000.0

Figures = dict[str, float]


@dataclass(frozen=True)
class Row:
    """What a coding takes for each multiply-accumulate, by what takes it.

    Energies in fJ by stream and by steps for which weights stay; clocks in MHz by part.
    """

    coding: str
    um2: Figures
    fj: dict[str, dict[int, Figures]]
    fmax_mhz: dict[str, float]


def measure(
    name: str,
    coding: Coding,
    streams: Mapping[str, Operands],
    library: Library,
    shape: Sequence[int],
) -> Row:
    """Measure a coding in an array of `shape`, rows and lanes."""
    rows, lanes = shape
    geometry = coding.geometry(lanes)
    um2: Figures = {}
    fj: dict[str, dict[int, Figures]] = {stream: {t: {} for t in REUSES} for stream in streams}
    clocks: Figures = {}
    for part in (row_part(geometry, coding), shared_part(geometry, coding)):
        share = 1 / lanes if part.name == "row" else 1 / (rows * lanes)
        mapped = synthesize(part, library, clock_mhz=_CLOCK_MHZ)
        cells = library.cells(mapped.netlist.cells)
        model = PowerModel(mapped.netlist, cells, library.corner.voltage_v)
        um2 |= {group: share * area for group, area in model.areas_um2.items() if group}
        simulator = build_simulator(mapped.netlist, library)
        for stream, operands in streams.items():
            for tokens in REUSES:
                weights, activations = steps_of(operands, lanes, tokens)
                stimulus = (
                    row_stimulus(geometry, coding, weights, activations)
                    if part.name == "row"
                    else shared_stimulus(geometry, coding, activations)
                )
                activity = measure_activity(mapped.netlist, stimulus, simulator)
                kinds = model.energies_fj(activity, 1e6 / _CLOCK_MHZ)
                fj[stream][tokens] |= {
                    group: share * sum(each.values()) for group, each in kinds.items() if group
                }
        timing = analyze_timing(mapped.netlist, library, clock_mhz=_CLOCK_MHZ)
        clocks |= {part.name: timing.fmax_mhz} if timing is not None else {}
    return Row(name, um2, fj, clocks)


def normal_operands(seed: int = 1) -> Operands:
    """Return normal weights and activations, quantised as BitNet b1.58 does."""
    drawn = draw_operands("relu2", seed)
    numbers = np.random.default_rng(seed).standard_normal(drawn.activations.shape)
    scaled = numbers * (127 / np.abs(numbers).max(axis=1, keepdims=True))
    return replace(
        drawn,
        name="normal",
        source="normal weights by absmean, normal activations by absmax",
        activations=np.rint(scaled).astype(np.int8),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--library", required=True, help="folder, or name of an installed one")
    parser.add_argument("--lanes", type=int, default=64, help="lanes of a row (64)")
    parser.add_argument("--rows", type=int, default=64, help="rows that share activations (64)")
    parser.add_argument("--checkpoint", type=Path, help="a language model's folder, to measure on")
    parser.add_argument("--json", action="store_true", help="as JSON")
    options = parser.parse_args(arguments)
    library = find_library(options.library)
    streams = {name: draw_operands(name) for name in OPERANDS} | {"normal": normal_operands()}
    if options.checkpoint is not None:
        text = inspect.getsource(inspect)
        streams["checkpoint"] = checkpoint_operands(options.checkpoint, text)
    shape = (options.rows, options.lanes)
    found = [measure(name, each, streams, library, shape) for name, each in CODINGS.items()]
    if options.json:
        write(json_text({"library": library.provenance(), "rows": [asdict(row) for row in found]}))
        return
    table = Table(
        title=f"Lanes and tree in {library.name}, {shape[0]}x{shape[1]}, {_CLOCK_MHZ:g} MHz, "
        f"um2 and fJ for each multiply-accumulate, new weights / for {REUSES[-1]} steps",
        title_justify="left",
    )
    columns = ("coding", "lanes", "tree", "shared", "um2", *streams, "fmax MHz")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    for row in found:
        areas = [row.um2[group] for group in ("lanes", "tree", "shared")]
        energies = (
            " / ".join(f"{sum(each.values()):.2f}" for each in row.fj[stream].values())
            for stream in streams
        )
        fmax = f"{min(row.fmax_mhz.values()):,.0f}" if row.fmax_mhz else ""
        table.add_row(
            row.coding, *(f"{area:.3f}" for area in (*areas, sum(areas))), *energies, fmax
        )
    Console(width=180).print(table)


if __name__ == "__main__":
    sys.exit(run_guarded(main))
