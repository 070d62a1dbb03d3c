"""``bitnet-hw explore``: many configurations, and those that no other one beats."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bitnet_hw.errors import BitnetHwError, ConfigError
from bitnet_hw.output import Format, csv_text, json_text, print_error, write, write_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from bitnet_hw.exploration import Exploration
    from bitnet_hw.point_store import PointStore
    from bitnet_hw.sweep import Sweep

__all__ = ["explore"]

_INTERRUPTED = 130
# Longer fronts are for the files.
_MAX_LINES = 30


def explore(
    sweep: Annotated[str, typer.Argument(metavar="SWEEP.yaml", help="Sweep file, or preset name.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder; made if missing.")
    ],
    jobs: Annotated[
        int | None,
        typer.Option(min=1, max=1024, help="Processes, or threads; default: one per CPU."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:PORT", help="The workers of a Dask cluster instead."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the finished points that DIR already holds.")
    ] = False,
    output_format: Annotated[
        Format, typer.Option("--format", help="How to print the Pareto front.")
    ] = Format.TABLE,
) -> None:
    """Estimate or simulate every point of a sweep and find the Pareto front.

    Writes results.parquet, results.csv, pareto.png, report.html and sweep.yaml into DIR; of more
    than 20,000 estimates the CSV holds the front, the best designs and a sample. A point that fails
    is a row with its error. Ctrl-C keeps the finished points. Points that are not estimates are
    kept in DIR/points as they finish, whatever happens then, and --resume goes on from there.

    Example: bitnet-hw explore array-size -o build/array-size
    """
    # Imported here, so that --help is immediate.
    from bitnet_hw.atomic_files import prepare_folder, write_files
    from bitnet_hw.explore import EarlierRows, run_sweep
    from bitnet_hw.explore_files import RESULTS, explore_files
    from bitnet_hw.point_store import PointStore
    from bitnet_hw.progress import late_progress
    from bitnet_hw.sweep import load_sweep

    if jobs is not None and scheduler is not None:
        raise typer.BadParameter("--jobs and --scheduler must not be given together")
    plan = load_sweep(sweep)
    prepare_folder(output)
    store: PointStore | None = None
    earlier: EarlierRows | None = None
    if plan.evaluate != "estimate" or scheduler is not None:
        store = PointStore(output / "points")
        earlier = store if resume else None
    with late_progress(f"Exploring {plan.file.path.stem}", plan.points) as advance:
        exploration = run_sweep(
            plan,
            jobs=jobs or os.cpu_count() or 1,
            scheduler=scheduler,
            earlier=earlier,
            store=store,
            results=output / RESULTS,
            on_progress=advance,
        )
    if store is not None and store.damaged:
        print_error(_damage(store))
    paths = []
    if exploration.rows:
        paths = write_files(output, explore_files(plan, exploration))
        if exploration.streamed:
            paths.insert(0, output / RESULTS)
        _print_front(plan, exploration, paths, output_format)
    for path in paths:
        print_error(str(path))
    _conclude(exploration, resumable=store is not None)


def _damage(store: "PointStore") -> str:
    if store.damaged == 1:
        return f"1 file in {store.folder} was damaged: its point is computed again"
    return f"{store.damaged} files in {store.folder} were damaged: their points are computed again"


def _print_front(
    sweep: "Sweep", exploration: "Exploration", paths: list[Path], output_format: Format
) -> None:
    front = [
        {name: exploration.rows[index].get(name) for name in exploration.columns}
        for index in exploration.front
    ]
    if output_format is Format.JSON:
        report = {
            "points": exploration.points,
            "finished": exploration.finished_points,
            "failed": exploration.failed_points,
            "left_out": exploration.left_out,
            "outside_constraints": exploration.outside,
            "constraints": [constraint.text for constraint in exploration.constraints],
            "reused": exploration.reused,
            "objectives": dict(exploration.objectives),
            "front": front,
            "best": {
                name: [dict(exploration.rows[index]) for index in best]
                for name, best in exploration.best.items()
            },
            "effects": exploration.effects,
            "files": [str(path) for path in paths],
        }
        write(json_text(report))
    elif output_format is Format.CSV:
        # The header stands even where there is no front.
        write(csv_text(front) if front else ",".join(exploration.columns) + "\n")
    elif front:
        write_tables(_table(sweep, exploration))


def _table(sweep: "Sweep", exploration: "Exploration") -> "Iterator[Table | str]":
    from rich import box
    from rich.table import Table

    from bitnet_hw.explore_files import workload_text

    front = exploration.front
    count = f"{len(front)} of {exploration.finished_points} points"
    yield f"Pareto front: {count}, {workload_text(sweep)}"
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    alike = [
        field
        for field in exploration.axes
        if field not in exploration.objectives
        and len({exploration.rows[index].get(field) for index in front}) == 1
    ]
    if alike:
        first = exploration.rows[front[0]]
        shown = (f"{field} {_cell(exploration, field, first.get(field))}" for field in alike)
        yield f"On the whole front: {', '.join(shown)}"
    fields = [field for field in exploration.summary_fields() if field not in alike]
    if "bound" in exploration.columns:
        fields.append("bound")
    for field in fields:
        display = exploration.displays[field]
        values = [exploration.rows[index].get(field) for index in front]
        is_number = all(isinstance(value, int | float) for value in values)
        heading = f"{display.label}\n{display.unit}".rstrip()
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for index in front[:_MAX_LINES]:
        row = exploration.rows[index]
        table.add_row(*(_cell(exploration, field, row.get(field)) for field in fields))
    yield table
    if len(front) > _MAX_LINES:
        yield f"{_MAX_LINES} of {len(front)} points are shown; results.csv has all."
    if exploration.constraints:
        yield (
            f"Constraints ({', '.join(item.text for item in exploration.constraints)}): "
            f"{exploration.left_out} points left out, {exploration.outside} outside"
        )
    if exploration.effects:
        yield _effects(exploration)


def _cell(exploration: "Exploration", field: str, value: object) -> str:
    """Return a value as the table shows it."""
    from bitnet_hw.choice_text import choice_text

    return choice_text(value) if isinstance(value, str) else exploration.displays[field].text(value)


def _effects(exploration: "Exploration") -> "Table":
    """Return how much each axis changes each objective, the strongest axis first."""
    from rich.table import Table

    table = Table(title="Effect of each axis: largest over smallest mean", title_justify="left")
    table.add_column("axis")
    for objective in exploration.objectives:
        table.add_column(exploration.displays[objective].label, justify="right")
    effects = sorted(exploration.effects.items(), key=lambda item: -max(item[1].values()))
    for axis, factors in effects:
        table.add_row(axis, *(f"{factors[name]:.3g}x" for name in exploration.objectives))
    return table


def _conclude(exploration: "Exploration", *, resumable: bool) -> None:
    """Say what went wrong, and leave with the exit code for it."""
    finished, points = exploration.finished_points, exploration.points
    failed = exploration.failed_points
    if failed:
        reason = exploration.rows[exploration.failed[0]]["error"]
        if failed == finished:
            raise ConfigError(f"No point of the sweep could be evaluated; the first: {reason}")
        print_error(f"{failed} of {points} points failed; the first: {reason}")
    if exploration.left_out == points:
        raise ConfigError("No point of the sweep holds to its constraints")
    if exploration.stopped:
        kept = f"{finished} of {points} points are finished and kept"
        if resumable:
            kept += "; go on with --resume"
        if exploration.stopped != "interrupted":
            raise BitnetHwError(
                f"The exploration must not lose its processes: {exploration.stopped}; {kept}"
            )
        print_error(kept)
        raise typer.Exit(_INTERRUPTED)
