"""Texts from outside are made safe."""

from bitnet_hw.report_text import html_text, note_html, plot_text


def test_html_text():
    assert html_text("<b a=\"1\" c='2'>&") == "&lt;b a=&quot;1&quot; c=&#x27;2&#x27;&gt;&amp;"
    assert html_text(5) == "5"


def test_plot_text():
    assert plot_text("<b>&'") == "&lt;b&gt;&amp;'"
    assert plot_text(5) == "5"


def test_note_html():
    assert note_html("") == ""
    assert note_html("a < b") == '<p class="note">a &lt; b</p>'
