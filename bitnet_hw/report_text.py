"""Texts from outside, made safe to stand in a report."""

import html

__all__ = ["html_text", "note_html", "plot_text"]


def html_text(text: object) -> str:
    """Return a text for an element or a quoted attribute of a page."""
    return html.escape(str(text))


def plot_text(text: object) -> str:
    """Return a text for a figure: plotly.js reads some HTML tags in its texts."""
    return html.escape(str(text), quote=False)


def note_html(note: str) -> str:
    """Return a remark as a paragraph; nothing if it is empty."""
    return f'<p class="note">{html_text(note)}</p>' if note else ""
