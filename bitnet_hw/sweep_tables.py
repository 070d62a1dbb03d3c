"""The sections of a report of a sweep beside its points: constraints, effects of axes, the best."""

import math
from collections.abc import Mapping, Sequence

from bitnet_hw.batch.column import ColumnTable
from bitnet_hw.batch.constraints import holds_all
from bitnet_hw.choice_text import choice_text
from bitnet_hw.exploration import Exploration
from bitnet_hw.log_axis import log_axis
from bitnet_hw.quantity import Quantity, format_number, quantity
from bitnet_hw.report_sections import Figure, Section, Table
from bitnet_hw.report_text import plot_text

__all__ = ["best_tables", "cell", "constraint_table", "effect_sections", "largest_effect"]

# Effects up to this factor are nothing to look at.
_NO_EFFECT = 1.0005
# Shown beside swept fields and objectives where it is reported.
_BOUND = "bound"


def best_tables(exploration: Exploration) -> list[Section]:
    """Return a table of the best designs for each objective."""
    fields = list(exploration.summary_fields())
    tables: list[Section] = []
    for objective, direction in exploration.objectives.items():
        rows = [exploration.rows[index] for index in exploration.best.get(objective, ())]
        if not rows:
            continue
        shown = [*fields, *([_BOUND] if rows[0].get(_BOUND) is not None else [])]
        word = "highest" if direction == "max" else "lowest"
        tables.append(
            Table(
                title=f"Best: {word} {quantity(objective).label}",
                columns=[
                    Quantity("rank"),
                    *(quantity(field, [row.get(field) for row in rows]) for field in shown),
                ],
                rows=[
                    [rank, *(cell(row.get(field)) for field in shown)]
                    for rank, row in enumerate(rows, start=1)
                ],
            )
        )
    return tables


def effect_sections(
    effects: Mapping[str, Mapping[str, float]], objectives: Mapping[str, str]
) -> list[Section]:
    """Return how much each axis changes each objective, as bars and as a table.

    Parameters
    ----------
    effects : mapping of str to mapping of str to float
        By axis and objective: geometric mean over all designs with one value of the axis, the
        largest over the smallest. NaN where there is none.
    objectives : mapping of str to str
        ``"min"`` or ``"max"`` by objective.
    """
    if all(_effect(row, name) is None for row in effects.values() for name in objectives):
        return []
    strongest = {axis: largest_effect(row) for axis, row in effects.items()}
    axes = sorted(effects, key=lambda axis: -strongest[axis])
    table = Table(
        title="What each axis changes",
        columns=[Quantity("axis"), *(Quantity(quantity(name).label) for name in objectives)],
        rows=[[axis, *(_effect(effects[axis], name) for name in objectives)] for axis in axes],
        note="Geometric mean over all designs with one value of the axis: the largest divided by "
        "the smallest. 1 is no effect.",
    )
    if strongest[axes[0]] < _NO_EFFECT:
        return [table]
    return [_effect_bars(effects, axes, list(objectives), strongest[axes[0]]), table]


def constraint_table(exploration: Exploration) -> Table:
    """Return what designs have to hold to, and how many do not.

    Those that break each constraint are counted where all rows are at hand.
    """
    excluded = exploration.outside + exploration.left_out
    share = f"{excluded / exploration.points:.1%}" if exploration.points else "none"
    note = (
        f"{format_number(excluded)} of {format_number(exploration.points)} designs, {share}, break "
        "at least one: they are not on the front, not among the best, and not in the effects of "
        "the axes."
    )
    if exploration.left_out:
        note += (
            f" {format_number(exploration.left_out)} of them were not estimated: what the sweep "
            "gives says enough."
        )
    columns = [Quantity("constraint")]
    rows: list[list[object]] = [[constraint.text] for constraint in exploration.constraints]
    if len(exploration.rows) == exploration.points:
        columns.append(Quantity("designs that break it"))
        good = [row for row in exploration.rows if row.get("error") is None]
        table = ColumnTable.of_rows(good)
        for row, constraint in zip(rows, exploration.constraints, strict=True):
            row.append(len(good) - int(holds_all([constraint], table).sum()) if good else 0)
    return Table(title="Constraints", columns=columns, rows=rows, note=note)


def largest_effect(row: Mapping[str, float]) -> float:
    """Return the largest effect of an axis on any objective; 1 if it has none."""
    return max((_effect(row, name) or 1.0 for name in row), default=1.0)


def cell(value: object) -> object:
    """Return a cell of a row for a table: a block of keys by its short name."""
    return choice_text(value) if isinstance(value, str) else value


def _effect_bars(
    effects: Mapping[str, Mapping[str, float]],
    axes: Sequence[str],
    objectives: Sequence[str],
    strongest: float,
) -> Figure:
    traces = []
    for number, name in enumerate(objectives):
        factors = [_effect(effects[axis], name) for axis in axes]
        traces.append({
            "type": "bar",
            "orientation": "h",
            "name": plot_text(quantity(name).label),
            "y": list(range(len(axes))),
            "x": factors,
            "text": [f"{factor:.3g}\u00d7" if factor else "" for factor in factors],
            "textposition": "outside",
            "textfont": {"size": 12},
            "cliponaxis": False,
            "marker": {"color": f"--series-{number % 8 + 1}"},
            "hovertemplate": "%{fullData.name}: %{x:.4g}\u00d7<extra></extra>",
        })
    return Figure(
        title="Effect of each axis",
        traces=traces,
        layout={
            "barmode": "group",
            "bargap": 0.3,
            "hovermode": "closest",
            # Room for the text behind the longest bar.
            "xaxis": log_axis("largest mean over smallest", (1, strongest**1.15)),
            "yaxis": {
                "autorange": "reversed",
                "tickvals": list(range(len(axes))),
                "ticktext": [plot_text(quantity(axis).label) for axis in axes],
            },
            "legend": {"traceorder": "normal"},
        },
        height=150 + (20 * len(objectives) + 14) * len(axes),
        note="How much the mean of all designs differs between the best and the worst value of an "
        "axis. The axis that matters most comes first.",
    )


def _effect(row: Mapping[str, float], objective: str) -> float | None:
    value = row.get(objective)
    return value if value is not None and math.isfinite(value) else None
