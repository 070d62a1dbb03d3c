"""Stacked bars: how a total is made up, side by side for several things."""

from collections.abc import Mapping, Sequence
from typing import Any

from bitnet_hw.quantity import quantity
from bitnet_hw.report_sections import Figure
from bitnet_hw.report_text import plot_text

__all__ = ["stacked_bars"]

_COLORS = 8


def stacked_bars(
    title: str, field: str, bars: Sequence[tuple[str, Mapping[str, float]]], *, note: str = ""
) -> Figure:
    """Return one horizontal bar for each thing, made up of its parts.

    Parameters
    ----------
    title : str
        Heading, and label of the axis.
    field : str
        Reported field that the parts belong to: gives the unit.
    bars : sequence of (str, mapping)
        Name of each bar and its parts by name, from the top down. With more than eight parts, the
        seven largest of any bar have their own colour.
    note : str
        A remark below the heading.
    """
    names = list(dict.fromkeys(part for _, parts in bars for part in parts))
    largest = {part: max(parts.get(part, 0.0) for _, parts in bars) for part in names}
    names = [part for part in names if largest[part] > 0]
    if len(names) > _COLORS:
        kept = sorted(names, key=lambda part: -largest[part])[: _COLORS - 1]
        others = [part for part in names if part not in kept]
        note = f"{note} Others: {', '.join(map(_readable, others))}.".strip()
        names = [part for part in names if part in kept]
    else:
        others = []
    display = quantity(field, [sum(parts.values()) for _, parts in bars])
    traces: list[dict[str, Any]] = []
    for number, (label, members) in enumerate([
        *((_readable(part), [part]) for part in names),
        *([("others", others)] if others else []),
    ]):
        traces.append({
            "type": "bar",
            "orientation": "h",
            "name": plot_text(label),
            "y": list(range(len(bars))),
            "x": [
                sum(parts.get(member, 0.0) for member in members) * display.factor
                for _, parts in bars
            ],
            "marker": {"color": f"--series-{number + 1}"},
            "hovertemplate": f"%{{fullData.name}}: %{{x:.4g}} {display.unit}<extra></extra>",
        })
    return Figure(
        title=title,
        traces=traces,
        layout={
            "barmode": "stack",
            "bargap": 0.35,
            "hovermode": "closest",
            "xaxis": {"title": {"text": plot_text(f"{title} ({display.unit})")}},
            "yaxis": {
                "autorange": "reversed",
                "tickvals": list(range(len(bars))),
                "ticktext": [plot_text(name) for name, _ in bars],
            },
            "legend": {"traceorder": "normal"},
        },
        height=150 + 28 * len(bars),
        note=note,
    )


def _readable(part: str) -> str:
    return part.replace("_", " ").replace("dram ", "DRAM ")
