"""The error of each figure as one HTML page that works without a network."""

from html import escape
from typing import Any

import plotly.graph_objects

from bitnet_hw.reproduce.reproduction import Reproduction
from bitnet_hw.reproduce.row import Row
from bitnet_hw.reproduce.table import error_text

__all__ = ["error_page"]

# It has no type information.
_plotly: Any = plotly.graph_objects

_COLORS = {"reproduced": "#2166ac", "unseen": "#d9772b", "calibration": "#a3a8ae"}


def error_page(result: Reproduction) -> str:
    """Return a page with a bar for each figure; pointing at one shows its assumptions."""
    figure = _plotly.Figure()
    for kind, color in _COLORS.items():
        rows = [row for row in result.compared if row.kind == kind and row.ours is not None]
        if rows:
            figure.add_bar(
                x=[100 * (row.relative_error or 0) for row in rows],
                y=[_name(row) for row in rows],
                orientation="h",
                name=kind,
                marker_color=color,
                hovertext=[_hover(row) for row in rows],
                hoverinfo="text",
            )
    names = [_name(row) for row in result.compared if row.ours is not None]
    figure.update_layout(
        title="Published figures, computed again: relative error",
        xaxis_title="ours over published, less one (%)",
        yaxis={"categoryorder": "array", "categoryarray": names[::-1], "automargin": True},
        height=160 + 20 * len(names),
        template="plotly_white",
        bargap=0.4,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1},
    )
    figure.add_vrect(x0=-10, x1=10, fillcolor="#eef3f8", line_width=0, layer="below")
    page: str = figure.to_html(include_plotlyjs=True, full_html=True)
    return page


def _name(row: Row) -> str:
    return escape(f"{row.group}: {row.figure}")


def _hover(row: Row) -> str:
    lines = [
        f"published {row.published:g} {row.unit}, ours {row.ours:.4g}, {error_text(row)}",
        f"scope: {row.scope}",
        f"source: {row.source}",
        *(f"assumed: {assumption}" for assumption in row.assumptions),
    ]
    if row.missing:
        lines.append(f"not published: {row.missing}")
    return "<br>".join([f"<b>{_name(row)}</b>", *map(escape, lines)])
