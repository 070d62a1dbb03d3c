"""One HTML page that needs nothing else: no network, no files beside it."""

import base64
import hashlib
import html
import json
import math
import re
from collections.abc import Sequence
from importlib import resources
from string import Template
from typing import Any

from bitnet_hw.report_sections import Chapter, Code, Facts, Figure, Section, Table, Text

__all__ = ["plot_text", "render_report"]

_MAX_TABLE_ROWS = 2000
# Longer texts are broken into lines.
_LONG_TEXT = 32


def render_report(title: str, sections: Sequence[Section], *, subtitle: str = "") -> str:
    """Return a report as one self-contained HTML page.

    Every text is escaped; the figures travel as JSON that no text can end; and the page's content
    security policy runs no script but the three that are part of it, named by their digests, and
    loads nothing. Without scripts the page still shows everything but the figures.

    Parameters
    ----------
    title : str
        Title of the page.
    sections : sequence of Section
        What it shows, in order.
    subtitle : str
        One line below the title.

    Returns
    -------
    str
        The page; the same input gives the same page.

    Raises
    ------
    TypeError
        If something is not a section.
    """
    figures = [
        {
            "traces": section.traces,
            "layout": section.layout,
            "link": section.link,
        }
        for section in sections
        if isinstance(section, Figure)
    ]
    plotly, behaviour = "", _template("report.js")
    if figures:
        package = resources.files("plotly").joinpath("package_data", "plotly.min.js")
        plotly = package.read_text(encoding="utf-8")
    # The contents list the chapters, or all sections of a page that is not divided.
    divided = sum(isinstance(section, Chapter) for section in sections) > 1
    figure_number = 0
    body = []
    contents = []
    for number, section in enumerate(sections):
        anchor = f"s{number}"
        if isinstance(section, Chapter) is divided:
            contents.append(f'<a href="#{anchor}">{_text(section.title)}</a>')
        if isinstance(section, Chapter):
            body.append(_chapter(section, anchor))
            continue
        if isinstance(section, Text):
            content = "".join(f"<p>{_text(paragraph)}</p>" for paragraph in section.paragraphs)
        elif isinstance(section, Facts):
            content = _facts(section)
        elif isinstance(section, Table):
            content = _table(section)
        elif isinstance(section, Figure):
            content = _figure(section, figure_number)
            figure_number += 1
        elif isinstance(section, Code):
            content = _note(section.note) + f"<pre><code>{_text(section.text)}</code></pre>"
        else:
            raise TypeError(f"Section must be one of the report's sections, not {section!r}")
        kind = type(section).__name__.lower()
        heading = f"<h3>{_text(section.title)}</h3>"
        body.append(f'<section id="{anchor}" class="{kind}">{heading}{content}</section>')
    return Template(_template("report.html")).substitute(
        title=_text(title),
        subtitle=f"<p>{_text(subtitle)}</p>" if subtitle else "",
        contents="".join(contents),
        body="\n".join(body),
        style=_template("report.css"),
        figures=_json(figures),
        plotly=plotly,
        behaviour=behaviour,
        script_digests=" ".join(_digest(script) for script in (plotly, behaviour)),
    )


def plot_text(text: object) -> str:
    """Return a text from outside for a figure: plotly.js reads some HTML tags in its texts."""
    return html.escape(str(text), quote=False)


def _text(text: object) -> str:
    return html.escape(str(text))


def _note(note: str) -> str:
    return f'<p class="note">{_text(note)}</p>' if note else ""


def _chapter(chapter: Chapter, anchor: str) -> str:
    lead = f"<p>{_text(chapter.lead)}</p>" if chapter.lead else ""
    return f'<div class="chapter" id="{anchor}"><h2>{_text(chapter.title)}</h2>{lead}</div>'


def _facts(section: Facts) -> str:
    facts = "".join(
        f"<div><dt>{_text(fact.label)}</dt><dd>{_text(fact.value)}</dd>"
        + (f'<dd class="note">{_text(fact.note)}</dd>' if fact.note else "")
        + "</div>"
        for fact in section.facts
    )
    return f"<dl>{facts}</dl>"


def _figure(section: Figure, number: int) -> str:
    return (
        f'{_note(section.note)}<div class="plot" data-figure="{number}" role="img" '
        f'aria-label="{_text(section.title)}" style="height:{int(section.height)}px">'
        "<noscript>The figure needs JavaScript; its numbers are in the table.</noscript></div>"
    )


def _table(section: Table) -> str:
    marked = set(section.marked)
    # Where rows must go, the marked ones stay.
    by_weight = sorted(range(len(section.rows)), key=lambda index: (index not in marked, index))
    shown = sorted(by_weight[:_MAX_TABLE_ROWS])
    note = section.note
    if len(shown) < len(section.rows):
        note += f" {len(shown)} of {len(section.rows)} rows are shown."
    numeric = [
        all(isinstance(row[column], int | float | None) for row in section.rows)
        and not all(isinstance(row[column], bool | None) for row in section.rows)
        for column in range(len(section.columns))
    ]
    head = "".join(
        f'<th scope="col"{_class(is_numeric)}><button type="button">{_text(column.label)}'
        + (f" <small>{_text(column.unit)}</small>" if column.unit else "")
        + "</button></th>"
        for column, is_numeric in zip(section.columns, numeric, strict=True)
    )
    body = []
    for index in shown:
        cells = "".join(
            f"<td{_class(is_numeric, cell)}{_sort_value(cell)}>{_text(column.text(cell))}</td>"
            for column, is_numeric, cell in zip(
                section.columns, numeric, section.rows[index], strict=True
            )
        )
        mark = ' class="marked"' if index in marked else ""
        body.append(f'<tr data-row="{index}"{mark}>{cells}</tr>')
    only_marked = (
        f'<label class="only"><input type="checkbox"> only {_text(section.marked_name)} '
        f"({len(marked)} of {len(section.rows)})</label>"
        if marked
        else ""
    )
    return (
        f'{_note(note.strip())}{only_marked}<div class="scroll"><table data-link="'
        f'{_text(section.link)}"><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody>'
        "</table></div>"
    )


def _class(is_numeric: bool, cell: object = None) -> str:
    if is_numeric:
        return ' class="n"'
    return ' class="long"' if len(str(cell)) > _LONG_TEXT else ""


def _sort_value(cell: object) -> str:
    """Return the attribute by which the page sorts: the exact number behind a rounded text."""
    return f' data-v="{cell!r}"' if isinstance(cell, int | float) else ""


def _json(value: object) -> str:
    """Return JSON that can stand inside a script element: no text in it can end the element."""
    text = json.dumps(_finite(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return re.sub(r"[<>&]", lambda match: f"\\u{ord(match[0]):04x}", text)


def _finite(value: Any) -> Any:
    """Replace what JSON cannot hold by null."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _template(name: str) -> str:
    return resources.files("bitnet_hw").joinpath("templates", name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    """Return the name of an inline script in a content security policy (W3C CSP 3, 2.3.1)."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
