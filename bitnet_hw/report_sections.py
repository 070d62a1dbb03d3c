"""What a report is made of: small immutable sections, free of HTML."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bitnet_hw.quantity import Quantity

__all__ = ["Chapter", "Code", "Fact", "Facts", "Figure", "Section", "Table", "Text"]


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A heading over the sections that follow, with a sentence on what they show."""

    title: str
    lead: str = ""


@dataclass(frozen=True, kw_only=True)
class Text:
    """Paragraphs of plain text."""

    title: str
    paragraphs: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One figure that stands out: what it is, its value with the unit, and a remark."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The few figures to take away."""

    title: str
    facts: Sequence[Fact]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table that the reader can sort.

    Parameters
    ----------
    title : str
        Heading.
    columns : sequence of Quantity
        Heading, unit and scale of each column.
    rows : sequence of sequences
        Cells in the unit of the report (`columns` scale them): numbers, texts, booleans or None.
    marked : collection of int
        Indices of the rows that stand out.
    marked_name : str
        What the marked rows are, for a switch that hides the others; without it there is none.
    link : str
        Name that ties the rows to the points of a `Figure`: see there.
    note : str
        A remark below the heading.
    """

    title: str
    columns: Sequence[Quantity]
    rows: Sequence[Sequence[object]]
    marked: Collection[int] = frozenset()
    marked_name: str = "marked"
    link: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """An interactive figure, in the data model of plotly.js.

    A colour may be one of the page's own, which follow its light and dark theme: ``"--ink"``,
    ``"--muted"``, ``"--grid"``, ``"--surface"``, ``"--accent"``, ``"--series-1"`` to
    ``"--series-8"``.

    Parameters
    ----------
    title : str
        Heading.
    traces : sequence of mappings
        As in https://plotly.com/javascript/reference/. The report adds no text of its own to them;
        text from outside has to pass `bitnet_hw.report_text.plot_text` first.
    layout : mapping
        Axes and the like; fonts, colours of the background and margins come from the page.
    height : int
        Height in CSS pixels.
    link : str
        Name of a link. A point whose ``ids`` entry is the decimal row index of the `Table` with the
        same name is highlighted together with this row.
    note : str
        A remark below the heading.
    """

    title: str
    traces: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any] = field(default_factory=dict)
    height: int = 420
    link: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Code:
    """A text in fixed width, such as a YAML file."""

    title: str
    text: str
    note: str = ""


Section = Chapter | Text | Facts | Table | Figure | Code
