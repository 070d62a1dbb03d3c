"""Tables of a report carry exact values, marks and links."""

import re

from bitnet_hw.quantity import Quantity
from bitnet_hw.report_sections import Table
from bitnet_hw.report_table import table_html


def table(**changes):
    fields = {
        "title": "Points",
        "columns": [Quantity("name"), Quantity("energy", "mJ", 1000.0), Quantity("good")],
        "rows": [["a", 0.0125, True], ["<b>", None, False]],
    }
    return Table(**(fields | changes))


def test_the_whole_table():
    assert table_html(table(marked=[1], marked_name="the best", link="points", note="See.")) == (
        '<p class="note">See.</p>'
        '<label class="only"><input type="checkbox"> only the best (1 of 2)</label>'
        '<div class="scroll" tabindex="0" role="region" aria-label="Points">'
        '<table data-link="points"><thead><tr>'
        '<th scope="col"><button type="button">name</button></th>'
        '<th scope="col" class="n"><button type="button">energy <small>mJ</small></button></th>'
        '<th scope="col"><button type="button">good</button></th>'
        "</tr></thead><tbody>"
        '<tr data-row="0"><td>a</td><td class="n" data-v="0.0125">12.5</td><td>yes</td></tr>'
        '<tr data-row="1" class="marked"><td>&lt;b&gt;</td><td class="n"></td><td>no</td></tr>'
        "</tbody></table></div>"
    )


def test_without_marks_there_is_nothing_to_hide():
    assert "checkbox" not in table_html(table())


def test_marks_without_a_name_cannot_be_filtered():
    page = table_html(table(marked=[0], marked_name=""))
    assert "checkbox" not in page
    assert 'class="marked"' in page


def test_long_texts_may_be_broken():
    page = table_html(table(rows=[["x" * 33, 1, None], ["x" * 32, 1, None]]))
    assert page.count('<td class="long">') == 1


def test_long_tables_keep_the_marked_rows():
    rows = [[str(number), number, None] for number in range(2500)]
    page = table_html(table(rows=rows, marked=[2400, 7], note="All."))
    shown = [int(index) for index in re.findall(r'data-row="(\d+)"', page)]
    assert shown == [*range(1999), 2400]
    assert '<p class="note">All. 2000 of 2500 rows are shown.</p>' in page


def test_empty_table():
    assert "<tbody></tbody>" in table_html(table(rows=[]))
