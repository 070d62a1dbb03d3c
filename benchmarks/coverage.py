"""What the benches of the accelerator reach: cases by a plan, lines and bits by Verilator.

Random and directed jobs run on small accelerators that between them have every module. A watcher
outside the design records its ports, from which the cover points of `sim.cover_plan` are counted;
Verilator counts lines and toggles. The exit code is 1 if a bar is missed: every bin hit, every
line reached, 98 % of the toggles of named signals, and a reason for each of the others.

Example: python -m benchmarks.coverage --jobs 2
"""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Annotated, Any

import typer
from rich.table import Table

from benchmarks.coverage_code import Kind, ModuleCoverage, code_coverage
from benchmarks.coverage_designs import DESIGNS
from benchmarks.coverage_run import Covered, cover
from benchmarks.coverage_waivers import WAIVERS
from bitnet_hw.cli import run_guarded
from bitnet_hw.output import json_text, write, write_tables
from bitnet_hw.simulation import simulation_errors
from sim.cover_plan import cover_points
from sim.cover_points import Coverage
from sim.cover_sizes import label

__all__ = ["TOGGLES_BAR", "idle_waivers", "problems"]

TOGGLES_BAR = 0.98
"""Share of the toggles of named signals that must happen; the others need a reason."""

_MOST_SHOWN = 20


def main(
    jobs: Annotated[int, typer.Option(min=1, help="Accelerators at the same time.")] = 1,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Measure coverage, print it, and fail if a bar is missed."""
    runs: list[Covered] = []
    coverage = Coverage(cover_points(DESIGNS))
    with simulation_errors(), ProcessPoolExecutor(jobs) as pool:
        for run in pool.map(partial(cover, seed=seed), DESIGNS):
            runs.append(run)
            coverage.add(run.bins)
            print(
                f"{label(run.geometry)}: {run.cycles} cycles, {run.seconds:.0f} s", file=sys.stderr
            )
    modules = code_coverage((run.geometry, run.modules) for run in runs)
    found = [*problems(coverage, modules), *idle_waivers(modules)]
    if as_json:
        write(json_text(_json(runs, coverage, modules, found)))
    else:
        write_tables([_bins(coverage), _code(modules), *_waivers(modules), *found])
    if found:
        raise SystemExit(1)


def problems(coverage: Coverage, modules: Sequence[ModuleCoverage]) -> list[str]:
    """Return which bars are missed, and by what."""
    found = [
        f"not hit: {point.name}: {name}"
        for point in coverage.points
        for name in coverage.missing(point)
    ]
    for module in modules:
        found += [f"line not reached in {module.name}: {line}" for line in module.lines.missing]
        found += [f"toggle missing in {module.name}: {name}" for name in module.toggles.missing]
        found += [f"wrong waiver in {module.name}: {name}" for name in module.wrongly_waived]
    share = _sum(modules, "toggles").share
    if share < TOGGLES_BAR:
        found.append(f"toggles must be {TOGGLES_BAR:.0%}, not {share:.1%}")
    return found


def idle_waivers(modules: Sequence[ModuleCoverage]) -> list[str]:
    """Return the waivers that excuse nothing, and so should not be there."""
    used = {reason for module in modules for reason in module.waived}
    reasons = dict.fromkeys(waiver.reason for waiver in WAIVERS)
    return [f"idle waiver: {reason}" for reason in reasons if reason not in used]


def _sum(modules: Sequence[ModuleCoverage], kind: str) -> Kind:
    kinds: list[Kind] = [getattr(module, kind) for module in modules]
    return Kind(sum(k.points for k in kinds), sum(k.reached for k in kinds))


def _bins(coverage: Coverage) -> Table:
    table = Table(title="Functional coverage", title_justify="left")
    for column in ("group", "point", "bins", "hit", "rarest", "missing"):
        table.add_column(column, justify="right" if column in ("bins", "hit", "rarest") else "left")
    total = hit = 0
    counts = coverage.counts()
    for point in coverage.points:
        missing = coverage.missing(point)
        total += len(point.bins)
        hit += len(point.bins) - len(missing)
        row = (point.group, point.name, len(point.bins), len(point.bins) - len(missing))
        rarest = min(counts[point.name].values())
        table.add_row(*map(str, (*row, rarest)), "; ".join(missing[:_MOST_SHOWN]))
    table.add_row("all", "", str(total), str(hit), "", "", style="bold")
    return table


def _code(modules: Sequence[ModuleCoverage]) -> Table:
    table = Table(title="Code coverage", title_justify="left", box=None)
    for column in ("module", "lines %", "toggles", "%", "waived", "missing", "branches %"):
        table.add_column(column, justify="left" if column == "module" else "right")
    for module in modules:
        table.add_row(*_cells(module.name, [module]))
    table.add_row(*_cells("all", modules), style="bold")
    return table


def _cells(name: str, modules: Sequence[ModuleCoverage]) -> Iterator[str]:
    toggles = _sum(modules, "toggles")
    yield name
    yield _percent(_sum(modules, "lines"))
    yield str(toggles.points)
    yield _percent(toggles)
    yield str(sum(sum(module.waived.values()) for module in modules))
    yield str(sum(len(module.toggles.missing) for module in modules))
    yield _percent(_sum(modules, "branches"))


def _percent(kind: Kind) -> str:
    return f"{100 * kind.share:.1f}" if kind.points else "-"


def _waivers(modules: Sequence[ModuleCoverage]) -> Iterator[str]:
    reasons: dict[str, int] = {}
    for module in modules:
        for reason, count in module.waived.items():
            reasons[reason] = reasons.get(reason, 0) + count
    yield "Toggles that cannot happen:"
    for reason, count in sorted(reasons.items(), key=lambda item: -item[1]):
        yield f"  {count:5}  {reason}"


def _json(
    runs: Sequence[Covered],
    coverage: Coverage,
    modules: Sequence[ModuleCoverage],
    found: Sequence[str],
) -> dict[str, Any]:
    counts = coverage.counts()
    return {
        "passed": not found,
        "problems": list(found),
        "designs": [
            {"design": label(run.geometry), "cycles": run.cycles, "seconds": round(run.seconds, 1)}
            for run in runs
        ],
        "functional": [
            {"group": point.group, "point": point.name, "hits": counts[point.name]}
            for point in coverage.points
        ],
        "code": [
            {
                "module": module.name,
                **{
                    kind: {
                        "points": getattr(module, kind).points,
                        "reached": getattr(module, kind).reached,
                        "missing": getattr(module, kind).missing,
                    }
                    for kind in ("lines", "branches", "toggles", "unnamed")
                },
                "waived": module.waived,
            }
            for module in modules
        ],
    }


if __name__ == "__main__":
    sys.exit(run_guarded(lambda: typer.run(main)))
