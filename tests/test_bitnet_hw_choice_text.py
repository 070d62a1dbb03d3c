"""Swept values have short names."""

import pytest

from bitnet_hw.choice_text import choice_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("lpddr5x-64", "lpddr5x-64"),
        (20_000, "20\u202f000"),
        (None, ""),
        ('{"base": "hbm3-stack", "efficiency": 0.6}', "hbm3-stack, efficiency 0.6"),
        ('{"peak_gb_per_s": {"nominal": 50, "source": "x"}}', "peak gb per s 50"),
        ('{"base": "a", "x": {"y": 1}}', 'a, x {"y": 1}'),
        ("{not JSON", "{not JSON"),
    ],
)
def test_text(value, text):
    assert choice_text(value) == text
