"""Text for standard output."""

import io
import os
import sys
from pathlib import Path

import pytest

from bitnet_hw.errors import BitnetHwError
from bitnet_hw.output import csv_text, json_text, print_error, write, write_tables


def test_json():
    assert json_text({"a": 1, "b": [True]}) == '{\n  "a": 1,\n  "b": [\n    true\n  ]\n}\n'


def test_json_has_no_nan():
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        json_text({"a": float("nan")})


def test_csv():
    assert csv_text([{"a": 1, "b": "x,y"}, {"a": 2, "b": ""}]) == 'a,b\n1,"x,y"\n2,\n'


def test_long_lines_stay_whole_in_a_pipe(capsys):
    write_tables(["x " * 100])
    assert capsys.readouterr().out == "x " * 100 + "\n"


def test_full_disk(monkeypatch):
    message = r"^Standard output must be writable: No space left on device$"
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(BitnetHwError, match=message):
            write("text")


def test_write(monkeypatch):
    text = io.StringIO()
    monkeypatch.setattr(sys, "stdout", text)
    assert write("text\n")
    assert text.getvalue() == "text\n"


def test_closed_pipe(monkeypatch):
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert write("text\n")
        os.close(reading)
        assert not write("more\n")
        # From then on nothing is read, and nothing fails.
        assert write("more\n")


def test_what_an_error_quotes_cannot_steer_the_terminal(capsys):
    print_error("a\x1b[31m b\r\u202e\nsecond line")
    assert capsys.readouterr().err == "a\\x1b[31m b\\r\\u202e\nsecond line\n"
