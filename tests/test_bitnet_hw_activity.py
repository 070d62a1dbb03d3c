"""Switching of adders, against shares worked out by hand, and what must hold for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.activity import Activity
from bitnet_hw.config import load_config
from bitnet_hw.errors import ConfigError
from bitnet_hw.schema import Figure

SHARES = st.floats(0, 1)
LEVELS = st.integers(1, 12)
TOKENS = st.integers(1, 1024)


def with_zeros(share):
    return Activity(zero_fraction=Figure(nominal=share))


@pytest.mark.parametrize(
    ("level", "tokens", "switching"),
    [
        # Never zero: the adder of a partial sum.
        (0, 8, 1),
        # Zero in two steps with different weights: 1/3 x 1/3.
        (1, 1, 8 / 9),
        # Half of the steps follow one with the same weights: (1/9 + 1/3) / 2.
        (1, 2, 7 / 9),
        (1, 4, 13 / 18),
        # Two lanes below each operand.
        (2, 1, 80 / 81),
    ],
)
def test_a_third_of_zeros(level, tokens, switching):
    assert Activity().of_adder(level, tokens) == pytest.approx(switching)


def test_most_zeros_are_the_low_edge():
    activity = Activity()
    assert activity.of_adder(1, 1, "low") == pytest.approx(1 - 0.45**2)
    assert activity.of_adder(1, 1, "high") == pytest.approx(1 - 0.25**2)


def test_toggle_density_scales_all():
    activity = Activity(
        zero_fraction=Figure(nominal=0.5), toggle_density=Figure(low=0.5, nominal=0.8, high=1)
    )
    assert activity.of_adder(0, 1) == 0.8
    assert activity.of_adder(1, 1, "low") == 0.5 * 0.75


def test_zeros_only():
    assert with_zeros(1).of_adder(1, 8) == 0
    assert with_zeros(0).of_adder(1, 8) == 1


@given(SHARES, SHARES, LEVELS, TOKENS)
def test_more_zeros_never_switch_more(one, other, level, tokens):
    few, many = sorted((one, other))
    assert (
        with_zeros(many).of_adder(level, tokens) <= with_zeros(few).of_adder(level, tokens) + 1e-12
    )


@given(SHARES, LEVELS, TOKENS)
def test_wider_sums_and_changing_weights_switch_more(share, level, tokens):
    activity = with_zeros(share)
    switching = activity.of_adder(level, tokens)
    assert -1e-12 <= switching <= 1
    assert activity.of_adder(level + 1, tokens) >= switching - 1e-12
    assert activity.of_adder(level, tokens + 1) <= switching + 1e-12


def test_more_than_all():
    with pytest.raises(
        ConfigError, match=r": activity must be an activity whose zero_fraction is at most 1$"
    ):
        load_config("edge", {"activity.zero_fraction": 1.5})


def test_figures_have_sources():
    figures = Activity().figures
    assert list(figures) == ["zero_fraction", "toggle_density"]
    assert all(figure.source != "not stated" for figure, _ in figures.values())
