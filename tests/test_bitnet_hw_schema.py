"""Blocks, figures, and the sentences that their errors become."""

import re

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.schema import Block, Count, Figure, parse_block


class Inner(Block):
    rows: Count
    label: str = ""


class Outer(Block):
    inner: Inner
    figure: Figure
    flag: bool = False
    many: tuple[Inner, ...] = ()


GOOD = {"inner": {"rows": 3}, "figure": 2.5}


def parse(changes):
    return parse_block(Outer, {**GOOD, **changes}, where=lambda keys: "f.yaml:7", keys=("top",))


def test_values():
    block = parse({})
    assert block.inner.rows == 3
    assert block.figure == Figure(nominal=2.5)
    assert block.figure.source == "not stated"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inner": {"rows": "many"}}, "top.inner.rows must be an integer, not 'many'"),
        (
            {"inner": {"rows": "1e3"}},
            "top.inner.rows must be an integer, not '1e3' (text; write 1000)",
        ),
        ({"inner": {"rows": "nan"}}, "top.inner.rows must be an integer, not 'nan'"),
        ({"inner": {"rows": True}}, "top.inner.rows must be an integer, not True"),
        ({"inner": {"rows": 2.0}}, "top.inner.rows must be an integer, not 2.0"),
        ({"inner": {"rows": 0}}, "top.inner.rows must be at least 1, not 0"),
        ({"inner": {"rows": 10**9}}, "top.inner.rows must be at most 16777216, not 1000000000"),
        ({"inner": {"rows": None}}, "top.inner.rows must be an integer, not None"),
        ({"inner": {}}, "top.inner.rows must be given"),
        ({"inner": [1]}, "top.inner must be a block of keys, not a list of 1"),
        ({"inner": {"rows": 1, "label": 5}}, "top.inner.label must be text, not 5"),
        ({"flag": "yes"}, "top.flag must be true or false, not 'yes'"),
        (
            {"inner": {"rows": 1, "row": 2}},
            "top.inner.row must be a known key of top.inner; did you mean 'rows'?",
        ),
        (
            {"zebra": 1},
            "top.zebra must be a known key of top; known are figure, flag, inner, many",
        ),
        ({"many": {"rows": 1}}, "top.many must be a list, not a block of keys"),
        ({"figure": -1}, "top.figure must be at least 0.0, not -1"),
        ({"figure": "fast"}, "top.figure must be a number, not 'fast'"),
        ({"figure": True}, "top.figure must be a block of keys, not True"),
        ({"figure": {"low": 1}}, "top.figure must be given"),
        (
            {"figure": {"nominal": 1, "low": 2}},
            "top.figure must be between low (2.0) and high (1.0)",
        ),
        (
            {"figure": {"nominal": 1, "status": "sure"}},
            (
                "top.figure.status must be one of primary, secondary, derived, measured, "
                "modelled, assumption or unverified, not 'sure'"
            ),
        ),
    ],
)
def test_errors(changes, message):
    with pytest.raises(ConfigError, match=f"^{re.escape('f.yaml:7: ' + message)}$"):
        parse(changes)


def test_figure_edges():
    assert [Figure(nominal=2).at(edge) for edge in ("low", "nominal", "high")] == [2, 2, 2]
    figure = Figure(low=1, nominal=2, high=4)
    assert [figure.at(edge) for edge in ("low", "nominal", "high")] == [1, 2, 4]
