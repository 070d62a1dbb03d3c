"""The progress bar shows itself on a terminal only, and only for work that takes a while."""

import io
import sys

import pytest

from bitnet_hw import progress
from bitnet_hw.progress import late_progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """Give the time by hand."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


def shown(monkeypatch, clock, stream, seconds):
    monkeypatch.setattr(sys, "stderr", stream)
    with late_progress("Exploring [x]", 10) as advance:
        advance(3)
        clock[0] += seconds
        advance(7)
    return stream.getvalue()


def test_short_work_shows_nothing(monkeypatch, clock):
    assert shown(monkeypatch, clock, Terminal(), 1.9) == ""


def test_long_work_shows_a_bar(monkeypatch, clock):
    text = shown(monkeypatch, clock, Terminal(), 2.0)
    assert "Exploring [x]" in text
    assert "7/10" in text


def test_nothing_is_shown_where_nobody_looks(monkeypatch, clock):
    assert shown(monkeypatch, clock, io.StringIO(), 60) == ""


def test_an_error_ends_the_bar(monkeypatch, clock):
    def work():
        with late_progress("Work", 2) as advance:
            clock[0] += 5
            advance(1)
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(KeyboardInterrupt):
        work()
    hidden, shown = "\x1b[?25l", "\x1b[?25h"
    text = sys.stderr.getvalue()
    # The cursor, hidden while the bar moves, is back.
    assert text.count(hidden) == text.count(shown) == 1
    assert text.index(hidden) < text.index(shown)
