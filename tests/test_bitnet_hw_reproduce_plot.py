"""The errors as pictures."""

import io

import pytest
from matplotlib import image

from bitnet_hw.reproduce.plot import error_png
from bitnet_hw.reproduce.plot_page import error_page
from bitnet_hw.reproduce.reproduction import Reproduction
from bitnet_hw.reproduce.row import Row

HOSTILE = "$\\frac{ <b>"


@pytest.fixture
def result():
    common = {"group": HOSTILE, "unit": "J", "source": HOSTILE, "scope": "all", "published": 1.0}
    return Reproduction((
        Row(figure=HOSTILE, ours=1.2, missing="clock", **common),
        Row(figure="new", ours=0.9, kind="unseen", assumptions=("a",), **common),
        Row(figure="fitted", ours=1.0, kind="calibration", **common),
        Row(figure="unknown", ours=None, **common),
    ))


def test_picture(result):
    png = error_png(result, dpi=50)
    height, width = image.imread(io.BytesIO(png)).shape[:2]
    assert (width, height) == (525, round(50 * (1.7 + 5 * 0.185)))
    assert error_png(result, dpi=50) == png


def test_picture_of_nothing_computed(result):
    assert error_png(Reproduction(result.rows[3:]), dpi=20).startswith(b"\x89PNG")


def test_page(result):
    page = error_page(result)
    assert page.startswith("<!doctype html>")
    # Everything it needs is inside.
    assert 'src="http' not in page
    assert "not published: clock" in page
    assert "unknown" not in page.split("Plotly.newPlot")[-1]
