"""A table of a report as HTML, prepared for sorting and for links with a figure."""

from bitnet_hw.report_sections import Table
from bitnet_hw.report_text import html_text, note_html

__all__ = ["table_html"]

# Browsers lay out some thousands of rows at once.
_MAX_ROWS = 2000
# Longer texts are broken into lines.
_LONG_TEXT = 32


def table_html(table: Table) -> str:
    """Return note, filter and table of a section.

    Of more than 2000 rows the marked ones and the first others are shown, and the note says so.
    """
    marked = set(table.marked)
    by_weight = sorted(range(len(table.rows)), key=lambda index: (index not in marked, index))
    shown = sorted(by_weight[:_MAX_ROWS])
    note = table.note
    if len(shown) < len(table.rows):
        note = f"{note} {len(shown)} of {len(table.rows)} rows are shown.".strip()
    only_marked = (
        f'<label class="only"><input type="checkbox"> only {html_text(table.marked_name)} '
        f"({len(marked)} of {len(table.rows)})</label>"
        if marked and table.marked_name
        else ""
    )
    numeric = _numeric_columns(table)
    body = "".join(_row_html(table, index, numeric, index in marked) for index in shown)
    return (
        f'{note_html(note)}{only_marked}<div class="scroll" tabindex="0" role="region" '
        f'aria-label="{html_text(table.title)}">'
        f'<table data-link="{html_text(table.link)}"><thead><tr>{_head_html(table, numeric)}'
        f"</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _numeric_columns(table: Table) -> list[bool]:
    """Tell for each column whether it holds numbers, which stand at the right."""
    return [
        all(isinstance(row[column], int | float | None) for row in table.rows)
        and not all(isinstance(row[column], bool | None) for row in table.rows)
        for column in range(len(table.columns))
    ]


def _head_html(table: Table, numeric: list[bool]) -> str:
    return "".join(
        f'<th scope="col"{_class(is_numeric)}><button type="button">{html_text(column.label)}'
        + (f" <small>{html_text(column.unit)}</small>" if column.unit else "")
        + "</button></th>"
        for column, is_numeric in zip(table.columns, numeric, strict=True)
    )


def _row_html(table: Table, index: int, numeric: list[bool], is_marked: bool) -> str:
    cells = "".join(
        f"<td{_class(is_numeric, cell)}{_sort_value(cell)}>{html_text(column.text(cell))}</td>"
        for column, is_numeric, cell in zip(table.columns, numeric, table.rows[index], strict=True)
    )
    mark = ' class="marked"' if is_marked else ""
    return f'<tr data-row="{index}"{mark}>{cells}</tr>'


def _class(is_numeric: bool, cell: object = None) -> str:
    if is_numeric:
        return ' class="n"'
    return ' class="long"' if len(str(cell)) > _LONG_TEXT else ""


def _sort_value(cell: object) -> str:
    """Return the attribute by which the page sorts: the exact number behind a rounded text."""
    is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
    return f' data-v="{cell!r}"' if is_number else ""
