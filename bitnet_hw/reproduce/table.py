"""Published figures beside ours, as tables for people."""

import itertools
from collections.abc import Iterator, Sequence

from rich.table import Table

from bitnet_hw.quantity import format_number
from bitnet_hw.reproduce.reproduction import LARGE_ERROR, Reproduction
from bitnet_hw.reproduce.row import Row

__all__ = ["error_text", "reproduction_tables"]

_KINDS = {
    "reproduced": "reproduced",
    "systems": "of these predicted for a system",
    "unseen": "unseen (no whole-model figure of the system went into a constant)",
}
_MARKS = {
    "reproduced": "",
    "unseen": " (unseen)",
    "calibration": " (calibration)",
    "gates": " (by gates)",
}


def reproduction_tables(result: Reproduction) -> Iterator[Table | str]:
    """Yield a table for each set of figures with its assumptions, and a summary."""
    for group, rows in itertools.groupby(result.rows, key=lambda row: row.group):
        yield from _group(group, list(rows))
    yield from _summary(result)


def error_text(row: Row) -> str:
    """Return an error as a person reads it."""
    error = row.relative_error
    if error is None:
        return "not computed"
    percent = f"{100 * error:+.1f}"
    percent = percent[1:] if float(percent) == 0 else percent
    return f"{percent} % as printed" if row.agrees_as_printed else f"{percent} %"


def _group(group: str, rows: Sequence[Row]) -> Iterator[Table | str]:
    table = Table(title=group, title_justify="left")
    table.add_column("figure")
    for column in ("published", "ours", "error"):
        table.add_column(column, justify="right", no_wrap=column != "error")
    table.add_column("notes", justify="right")
    notes: dict[str, int] = {}

    def number(note: str) -> int:
        return notes.setdefault(note, len(notes) + 1)

    for row in rows:
        marks = [number(note) for note in (row.source, f"scope: {row.scope}", *row.assumptions)]
        table.add_row(
            row.figure + _MARKS[row.kind],
            f"{_published(row)} {row.unit}".strip(),
            format_number(row.ours) or "-",
            error_text(row),
            ",".join(map(str, marks)),
        )
    yield table
    yield from (f"[{mark}] {note}" for note, mark in notes.items())
    yield ""


def _summary(result: Reproduction) -> Iterator[str]:
    for summary in result.summaries:
        worst = summary.worst
        counted = "figure" if summary.figures == 1 else "figures"
        yield (
            f"{summary.figures} {counted} {_KINDS[summary.kind]}: median error "
            f"{100 * summary.median_error:.1f} %, worst {error_text(worst)} "
            f"({worst.group}: {worst.figure})"
        )
    if result.misses:
        yield f"Beyond {100 * LARGE_ERROR:.0f} %, or not computed, and what was not published:"
    for row in result.misses:
        yield (
            f"  {row.group}: {row.figure}, {error_text(row)}: "
            f"{row.missing or 'nothing that we know of'}"
        )


def _published(row: Row) -> str:
    if row.decimals is None:
        return format_number(row.published)
    return f"{row.published:.{row.decimals}f}"
