"""The sections of a report that show the outcome of a sweep."""

from typing import Any

from bitnet_hw.design_report import design_sections
from bitnet_hw.estimate_result import Estimate
from bitnet_hw.exploration import Exploration
from bitnet_hw.point_name import point_name
from bitnet_hw.quantity import format_number, quantity, with_unit
from bitnet_hw.report_bars import stacked_bars
from bitnet_hw.report_sections import Chapter, Code, Fact, Facts, Figure, Section, Table
from bitnet_hw.scatter_figure import scatter_figure
from bitnet_hw.sweep_tables import (
    best_tables,
    cell,
    constraint_table,
    effect_sections,
)

__all__ = ["sweep_sections"]

_LINK = "points"
_MAX_BARS = 16
# Totals that differ by no more than this factor are shown once.
_ALIKE = 1.05

# Shown in the table of all points beside the swept fields and the objectives, where reported.
_TABLE_FIELDS = ("utilization", "bound", "error")


def sweep_sections(
    exploration: Exploration,
    *,
    yaml_text: str = "",
    title: str = "",
    lead: str = "",
    design: Estimate | None = None,
) -> list[Section]:
    """Return the sections of a sweep: summary, front, axes, best designs, energy, file, a design.

    Parameters
    ----------
    exploration : Exploration
        The finished points.
    yaml_text : str
        The sweep file that made them; left out if empty.
    title, lead : str
        Heading of the chapter and the sentence below it; without a title there is no chapter.
    design : Estimate, optional
        The best design, of which roofline and timeline are shown:
        `bitnet_hw.sweep_design.best_design`.
    """
    sections: list[Section] = [Chapter(title=title, lead=lead)] if title else []
    sections.append(_facts(exploration))
    if exploration.front:
        sections.append(scatter_figure(exploration, link=_LINK))
    sections.append(_table(exploration))
    if exploration.constraints:
        sections.append(constraint_table(exploration))
    sections += effect_sections(exploration.effects, exploration.objectives)
    sections += best_tables(exploration)
    for parent, name in (
        ("energy_breakdown_j", "Energy per token by component"),
        ("memory_bytes", "Memory by kind"),
    ):
        bars = _bars(exploration, parent, name)
        if bars is not None:
            sections.append(bars)
    if yaml_text:
        sections.append(Code(title="Sweep file", text=yaml_text))
    if design is not None:
        sections += _design(design, *next(iter(exploration.objectives.items())))
    return sections


def _design(design: Estimate, objective: str, direction: str) -> list[Section]:
    """Return the chapter of the design that is best in an objective."""
    array, config = design.config.array, design.config
    word = "Highest" if direction == "max" else "Lowest"
    what = f"{array.rows}\u00d7{array.lanes} at {config.clock_mhz:g} MHz, {config.memory.name}"
    return [
        Chapter(
            title=f"{word} {quantity(objective).label}: {what}",
            lead=f"{design.tokens_per_second:.4g} tokens/s and "
            f"{with_unit(design.energy_per_token_j, 'J')} per token. {design.model.name}, "
            f"{design.phase}, batch {design.batch}, context {design.context}.",
        ),
        *design_sections(design, link="operators of the design"),
    ]


def _facts(exploration: Exploration) -> Facts:
    finished = exploration.finished_points
    count = format_number(finished)
    if finished + exploration.left_out < exploration.points:
        count += f" of {format_number(exploration.points)}"
    remarks = []
    if exploration.failed_points:
        remarks.append(f"{format_number(exploration.failed_points)} failed")
    if exploration.left_out:
        remarks.append(f"{format_number(exploration.left_out)} left out by constraints")
    facts = [
        Fact(label="points", value=count, note=", ".join(remarks)),
        Fact(
            label="Pareto front",
            value=format_number(len(exploration.front)),
            note=", ".join(
                f"{exploration.displays[field].label} {direction}"
                for field, direction in exploration.objectives.items()
            ),
        ),
    ]
    for field, direction in exploration.objectives.items():
        best = _best(exploration, field, direction)
        if best is not None:
            display = exploration.displays[field]
            value = f"{display.text(best[field])} {display.unit}".strip()
            word = "highest" if direction == "max" else "lowest"
            facts.append(
                Fact(
                    label=f"{word} {display.label}",
                    value=value,
                    note=point_name(exploration, best),
                )
            )
    return Facts(title="Summary", facts=facts)


def _table(exploration: Exploration) -> Table:
    present = set(exploration.columns)
    fields = list(exploration.summary_fields())
    fields += [field for field in _TABLE_FIELDS if field in present and field not in fields]
    if "error" in fields and not exploration.failed:
        fields.remove("error")
    note = "Click a heading to sort, a row to find its point."
    if len(exploration.rows) < exploration.finished_points:
        note += (
            f" Of {format_number(exploration.finished_points)} points, the front, the best ones "
            "and a sample of the others."
        )
    return Table(
        title="Points",
        columns=[exploration.displays[field] for field in fields],
        rows=[[cell(row.get(field)) for field in fields] for row in exploration.rows],
        marked=frozenset(exploration.front),
        marked_name="the Pareto front",
        link=_LINK,
        note=note,
    )


def _bars(exploration: Exploration, parent: str, title: str) -> Figure | None:
    """Return what a total is made up of, one bar for each point of the front."""
    fields = {
        field: field.removeprefix(f"{parent}.")
        for field in exploration.columns
        if field.startswith(f"{parent}.") and not field.endswith(".total")
    }
    rows = [exploration.rows[index] for index in exploration.front[:_MAX_BARS]]
    bars = [
        (
            point_name(exploration, row),
            {part: row.get(field) or 0 for field, part in fields.items()},
        )
        for row in rows
    ]
    totals = [sum(parts.values()) for _, parts in bars]
    if not totals or not max(totals):
        return None
    note = "The points of the Pareto front, best first."
    if len(rows) < len(exploration.front):
        note += f" The first {len(rows)} of {len(exploration.front)} are shown."
    if len(bars) > 1 and max(totals) <= min(totals) * _ALIKE:
        bars, note = bars[:1], "The other points of the Pareto front differ by less than 5 %."
    return stacked_bars(title, parent, bars, note=note)


def _best(exploration: Exploration, field: str, direction: str) -> Any:
    rows = [exploration.rows[index] for index in exploration.front]
    if not rows:
        return None
    sign = 1 if direction == "min" else -1
    return min(rows, key=lambda row: sign * row[field])
