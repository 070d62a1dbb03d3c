"""Small tables as HTML; a notebook gives them the colours of its theme."""

from collections.abc import Iterable, Sequence

from bitnet_hw.quantity import format_number
from bitnet_hw.report_text import html_text

__all__ = ["facts_html", "rows_html"]


def facts_html(title: str, facts: Iterable[tuple[str, str]]) -> str:
    """Return a caption and a line for each fact.

    Parameters
    ----------
    title : str
        Caption.
    facts : iterable of (str, str)
        What it is, and its value with the unit.
    """
    lines = "".join(
        f'<tr><th scope="row" style="text-align:left">{html_text(label)}</th>'
        f'<td style="text-align:left">{html_text(value)}</td></tr>'
        for label, value in facts
    )
    return f"<table>{_caption(title)}<tbody>{lines}</tbody></table>"


def rows_html(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table with a heading for each column.

    Parameters
    ----------
    title : str
        Caption.
    columns : sequence of str
        Headings.
    rows : iterable of sequences
        Cells, already in the units of the headings.
    """
    heads = "".join(f'<th scope="col">{html_text(column)}</th>' for column in columns)
    lines = "".join(
        "<tr>" + "".join(f"<td>{html_text(format_number(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table>{_caption(title)}<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"


def _caption(title: str) -> str:
    return f'<caption style="text-align:left">{html_text(title)}</caption>'
