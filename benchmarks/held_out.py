"""Predict arrays that a technology file was not fitted to, and compare with their own gates.

    python -m benchmarks.held_out --technology asap7 --library ../pdk/asap7

Each array below is synthesised, simulated and added up like those in the file; the estimator says
what it expects from the file alone: its functions, not the fit's. Area, leakage, and energy of a
step with weights that stay for one token and for the most that the array takes, for every operand
stream and for other shares of zero weights. The bars are a median of 5 % and a worst of 15 %, for
energy and for area.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from bitnet_hw.cli import run_guarded
from bitnet_hw.config import load_config
from bitnet_hw.errors import BitnetHwError
from bitnet_hw.gates.fit_check import Comparison, compare, worst_and_median
from bitnet_hw.gates.library import find_library
from bitnet_hw.gates.training import measure_arrays, sized_config, training_operands
from bitnet_hw.technology import Technology

SIZES = ((16, 16), (16, 32), (32, 32), (48, 40), (64, 32), (64, 64))
HELD_OUT: tuple[dict[str, Any], ...] = (
    *(
        {"rows": rows, "lanes": lanes, "weight_encoding": encoding}
        for rows, lanes in SIZES
        for encoding in ("trit5", "trit2")
    ),
    # Words of half a tile and other tokens; more lanes than any array of the training set.
    {"rows": 24, "lanes": 52, "words": 2, "max_tokens": 4},
    {"rows": 16, "lanes": 100, "weight_encoding": "trit2"},
)
MEDIAN_BAR, WORST_BAR = 0.05, 0.15


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, and fail if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--technology", required=True, help="name or .yaml file")
    parser.add_argument("--library", required=True, help="the library it was made with")
    parser.add_argument("--lane-style", default="select", help="of all arrays")
    parser.add_argument("--jobs", type=int, default=1, help="arrays measured at the same time")
    options = parser.parse_args(arguments)
    config = load_config(
        "edge", {"technology": options.technology, "array.lane_style": options.lane_style}
    )
    technology = config.technology
    if technology.gates is None:
        parser.error(f"{options.technology} has no gates")
    clock_mhz = technology.gates.provenance.clock_mhz
    config = config.model_copy(update={"clock_mhz": clock_mhz})
    configs = [sized_config(config, sizes) for sizes in HELD_OUT]
    check_held_out(technology, [config.array for config in configs])
    operands = training_operands()
    reports = measure_arrays(configs, find_library(options.library), operands, jobs=options.jobs)
    zeros = {stream.name: float((stream.weights == 0).mean()) for stream in operands}
    found = [row for report in reports for row in compare(config, report, zeros)]
    Console().print(table_of(found, f"Held out of {technology.title}, {clock_mhz:g} MHz"))
    if not verdict(found):
        raise BitnetHwError(f"Medians must be within {MEDIAN_BAR:.0%}, worsts in {WORST_BAR:.0%}")


def check_held_out(technology: Technology, arrays: Sequence[Any]) -> None:
    """Make sure that no array has the very row of a fitted one."""
    assert technology.gates is not None
    lanes = {array.lanes for array in technology.gates.arrays}
    for array in arrays:
        if array.lanes in lanes:
            raise BitnetHwError(
                f"Array {array.rows}x{array.lanes} must be held out, but the file is fitted to a "
                "row of as many lanes"
            )


def verdict(found: Sequence[Comparison]) -> bool:
    """Print worst and median, and tell whether they are within the bars."""
    good = True
    for name in ("area", "leakage", "energy"):
        rows = [row for row in found if row.figure == name or (name == "energy" and row.tokens)]
        worst, median = worst_and_median(rows)
        print(f"{name}: median {median:.2%}, worst {worst:.2%} of {len(rows)}")
        good &= name == "leakage" or (worst <= WORST_BAR and median <= MEDIAN_BAR)
    return good


def table_of(found: Sequence[Comparison], title: str) -> Table:
    """Return a row for each figure of each array."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(("array", "figure", "M", "predicted", "gates", "error")):
        table.add_column(column, justify="right" if number > 1 else "left")
    for row in found:
        unit = {"area": "um2", "leakage": "nW"}.get(row.figure, "fJ")
        table.add_row(
            row.array,
            row.figure,
            str(row.tokens or ""),
            f"{row.predicted:,.0f} {unit}",
            f"{row.gates:,.0f} {unit}",
            f"{row.error:+.2%}",
        )
    return table


if __name__ == "__main__":
    sys.exit(run_guarded(main))
