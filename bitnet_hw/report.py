"""One HTML page that needs nothing else: no network, no files beside it."""

import base64
import hashlib
import itertools
import json
import math
import re
from collections.abc import Iterator, Sequence
from importlib import resources
from string import Template
from typing import Any

from bitnet_hw.report_sections import Chapter, Code, Facts, Figure, Section, Table, Text
from bitnet_hw.report_table import table_html
from bitnet_hw.report_text import html_text, note_html

__all__ = ["render_report"]


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
    figures = [section for section in sections if isinstance(section, Figure)]
    plotly, behaviour = "", _template("report.js")
    if figures:
        package = resources.files("plotly").joinpath("package_data", "plotly.min.js")
        plotly = package.read_text(encoding="utf-8")
    # The contents list the chapters, or all sections of a page that is not divided.
    divided = sum(isinstance(section, Chapter) for section in sections) > 1
    contents = [
        f'<a href="#s{number}">{html_text(section.title)}</a>'
        for number, section in enumerate(sections)
        if isinstance(section, Chapter) is divided
    ]
    figure_numbers = itertools.count()
    body = [
        _section(section, f"s{number}", figure_numbers) for number, section in enumerate(sections)
    ]
    return Template(_template("report.html")).substitute(
        title=html_text(title),
        subtitle=f"<p>{html_text(subtitle)}</p>" if subtitle else "",
        contents="".join(contents),
        body="\n".join(body),
        style=_template("report.css"),
        figures=_json([
            {
                "traces": figure.traces,
                "layout": figure.layout,
                "link": figure.link,
                "height": int(figure.height),
            }
            for figure in figures
        ]),
        plotly=plotly,
        behaviour=behaviour,
        script_digests=" ".join(_digest(script) for script in (plotly, behaviour)),
    )


def _section(section: Section, anchor: str, figure_numbers: Iterator[int]) -> str:
    if isinstance(section, Chapter):
        return _chapter(section, anchor)
    if isinstance(section, Text):
        content = "".join(f"<p>{html_text(paragraph)}</p>" for paragraph in section.paragraphs)
    elif isinstance(section, Facts):
        content = _facts(section)
    elif isinstance(section, Table):
        content = table_html(section)
    elif isinstance(section, Figure):
        content = _figure(section, next(figure_numbers))
    elif isinstance(section, Code):
        code = f"<code>{html_text(section.text)}</code>"
        content = f'{note_html(section.note)}<pre tabindex="0">{code}</pre>'
    else:
        raise TypeError(f"Section must be one of the report's sections, not {section!r}")
    kind = type(section).__name__.lower()
    heading = f"<h3>{html_text(section.title)}</h3>"
    return f'<section id="{anchor}" class="{kind}">{heading}{content}</section>'


def _chapter(chapter: Chapter, anchor: str) -> str:
    lead = f"<p>{html_text(chapter.lead)}</p>" if chapter.lead else ""
    return f'<div class="chapter" id="{anchor}"><h2>{html_text(chapter.title)}</h2>{lead}</div>'


def _facts(section: Facts) -> str:
    facts = "".join(
        f"<div><dt>{html_text(fact.label)}</dt><dd>{html_text(fact.value)}</dd>"
        + (f'<dd class="note">{html_text(fact.note)}</dd>' if fact.note else "")
        + "</div>"
        for fact in section.facts
    )
    return f"<dl>{facts}</dl>"


def _figure(section: Figure, number: int) -> str:
    return (
        f'{note_html(section.note)}<div class="plot" data-figure="{number}" role="img" '
        f'aria-label="{html_text(section.title)}" style="height:{int(section.height)}px">'
        "<noscript>The figure needs JavaScript; its numbers are in the table.</noscript></div>"
    )


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
