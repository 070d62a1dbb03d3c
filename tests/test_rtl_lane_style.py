"""The numbers of each lane style, by hand where few, for all where many."""

import itertools

import pytest

from rtl.lane_style import LANE_STYLES


def test_patterns_of_one_and_two_lanes():
    assert LANE_STYLES["biased"].patterns == [(1,), (-1,)]
    assert LANE_STYLES["paired"].patterns == [
        *[(1, 0), (-1, 0), (0, 1), (0, -1)],
        *[(1, 1), (-1, -1), (1, -1), (-1, 1)],
    ]


@pytest.mark.parametrize("style", LANE_STYLES.values(), ids=LANE_STYLES)
def test_patterns_are_all_weights_once(style):
    every = set(itertools.product((-1, 0, 1), repeat=style.lanes)) - {(0,) * style.lanes}
    assert len(style.patterns) == len(every)
    assert set(style.patterns) == every


@pytest.mark.parametrize("style", LANE_STYLES.values(), ids=LANE_STYLES)
def test_numbers_fit_around_their_centers(style):
    if style.carries:
        # x or its complement, the missing one being a carry.
        assert (style.shared_bits, style.operand_bits, style.centers) == (8, 8, (128, 128))
        return
    assert style.shared_bits == len(style.patterns) * style.operand_bits
    largest = 128 * style.lanes
    for center in style.centers:
        assert center - largest >= 0
        assert center + largest < 2**style.operand_bits
    # Together a power of two: with as many of either, little is to be taken off the sum.
    assert sum(style.centers) == 2**style.operand_bits
