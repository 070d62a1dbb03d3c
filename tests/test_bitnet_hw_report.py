"""The report is one page that runs no script but its own and shows every text as text."""

import base64
import hashlib
import html.parser
import json
import math
import re

import pytest

from bitnet_hw.quantity import Quantity
from bitnet_hw.report import render_report
from bitnet_hw.report_sections import Chapter, Code, Fact, Facts, Figure, Table, Text
from bitnet_hw.report_text import plot_text

HOSTILE = "<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script><!--$title\u2028&amp;"


class Page(html.parser.HTMLParser):
    """Reads a page as a browser does: tags with their attributes, and the text of each element."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.texts = []
        self.inside = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        self.texts.append((self.inside, data))

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def text(self, tag):
        return [data for name, data in self.texts if name == tag]


def table(**changes):
    fields = {
        "title": "Points",
        "columns": [Quantity("name"), Quantity("energy", "mJ", 1000.0), Quantity("good")],
        "rows": [["a", 0.0125, True], [HOSTILE, None, False]],
    }
    return Table(**(fields | changes))


ALL_HOSTILE = [
    Chapter(title=HOSTILE, lead=HOSTILE),
    Text(title=HOSTILE, paragraphs=[HOSTILE]),
    Facts(title=HOSTILE, facts=[Fact(label=HOSTILE, value=HOSTILE, note=HOSTILE)]),
    table(
        columns=[Quantity(HOSTILE, HOSTILE)] * 3,
        link=HOSTILE,
        note=HOSTILE,
        marked=[0],
        marked_name=HOSTILE,
    ),
    Figure(
        title=HOSTILE,
        traces=[
            {
                "type": "scatter",
                "x": [1],
                "y": [math.nan],
                "name": plot_text(HOSTILE),
                "ids": [HOSTILE],
            }
        ],
        layout={HOSTILE: HOSTILE},
        link=HOSTILE,
        note=HOSTILE,
    ),
    Code(title=HOSTILE, text=HOSTILE, note=HOSTILE),
]


def test_hostile_text_stays_text():
    page = Page(render_report(HOSTILE, ALL_HOSTILE, subtitle=HOSTILE))
    assert page.all("img") == []
    # The figures, plotly.js and the behaviour of the page.
    assert len(page.all("script")) == 3
    for _, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
    assert HOSTILE in page.text("title")
    assert HOSTILE in page.text("h1")
    assert HOSTILE in page.text("td")
    assert HOSTILE in page.text("code")


def test_figures_arrive_as_they_were():
    page = Page(render_report("t", ALL_HOSTILE))
    [figure] = json.loads(page.text("script")[0])
    assert figure == {
        "traces": [
            {"type": "scatter", "x": [1], "y": [None], "name": plot_text(HOSTILE), "ids": [HOSTILE]}
        ],
        "layout": {HOSTILE: HOSTILE},
        "link": HOSTILE,
        "height": 420,
    }
    assert "<" not in page.text("script")[0]


def test_policy_names_the_scripts_of_the_page_and_nothing_else():
    page = Page(render_report("t", ALL_HOSTILE))
    [policy] = [
        meta["content"]
        for meta in page.all("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    digests = [
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in page.text("script")[1:]
    ]
    assert directives["script-src"].split() == digests
    assert "http" not in policy


def test_page_needs_nothing_from_elsewhere():
    page = render_report("t", ALL_HOSTILE)
    outside_scripts = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert "http:" not in outside_scripts
    assert "https:" not in outside_scripts
    assert "@import" not in outside_scripts
    assert "url(" not in outside_scripts
    # Carriage returns are changed by browsers, which would change the digest of a script.
    assert "\r" not in page


def test_page_without_figures_is_small():
    page = render_report("t", [Text(title="a", paragraphs=["b"])])
    assert len(page) < 30_000
    assert "<p>b</p>" in page


def test_the_same_sections_give_the_same_page():
    assert render_report("t", ALL_HOSTILE) == render_report("t", ALL_HOSTILE)


def test_contents_list_chapters_or_sections():
    text = Text(title="section", paragraphs=[])
    chapter = Chapter(title="chapter")
    assert Page(render_report("t", [text, text])).text("a") == ["section", "section"]
    assert Page(render_report("t", [chapter, text])).text("a") == ["section"]
    page = Page(render_report("t", [chapter, text, chapter]))
    assert page.text("a") == ["chapter", "chapter"]
    assert [link["href"] for link in page.all("a")] == ["#s0", "#s2"]
    anchors = {attributes.get("id") for _, attributes in page.tags}
    assert {"s0", "s1", "s2"} <= anchors


def test_not_a_section():
    with pytest.raises(
        TypeError, match=r"^Section must be one of the report's sections, not 'text'$"
    ):
        render_report("t", [Chapter(title="a"), Chapter(title="b"), "text"])
