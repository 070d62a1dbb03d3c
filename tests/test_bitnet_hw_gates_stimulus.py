import dataclasses

import numpy as np
import pytest

from bitnet_hw.gates.operands import OPERANDS, Operands, draw_operands
from bitnet_hw.gates.stimulus import part_stimulus
from rtl.geometry import Geometry
from rtl.word_check import is_whole

GEOMETRY = Geometry(
    rows=2,
    lanes=4,
    weight_encoding="trit2",
    weight_bus_bits=16,
    max_tokens=2,
    max_k=8,
    output_bus_words=1,
)
WEIGHTS = np.array([[1, 0, -1, 1, 1, 1, 0, 0], [0, 0, 1, -1, -1, 0, 0, 1]], np.int8)
ACTIVATIONS = np.array([[1, 2, 3, 4, 5, 6, 7, 8], [-1, -2, -3, -4, 10, 20, 30, 40]], np.int8)
OPERANDS_BY_HAND = Operands("hand", "by hand", WEIGHTS, ACTIVATIONS)


def numbers(bits, signed=True):
    values = (bits.astype(np.int64) << np.arange(bits.shape[-1])).sum(axis=-1)
    wrap = bits[..., -1].astype(np.int64) << bits.shape[-1]
    return values - wrap if signed else values


def test_a_row_adds_its_k_tiles_token_by_token():
    stimulus = part_stimulus("row", GEOMETRY, OPERANDS_BY_HAND, tokens=2, steps=8)
    totals = numbers(stimulus.expected["total"])

    # One register before the tree and one in it. Row 0: 1 - 3 + 4 for the first token, then 5 + 6
    # on top of that; -1 + 3 - 4 and 10 + 20 for the second.
    assert GEOMETRY.tree_latency == 1
    assert totals[0, 2:6].tolist() == [2, -2, 13, 28]
    assert totals[1, 2:6].tolist() == [-1, 1, 2, 31]
    assert stimulus.inputs["first"][0, 2:6, 0].tolist() == [True, True, False, False]
    assert numbers(stimulus.inputs["token"], signed=False)[0, 2:6].tolist() == [0, 1, 0, 1]
    assert stimulus.steps == 8 - stimulus.skipped


def test_words_are_checked_when_they_are_taken_and_some_are_flipped():
    geometry = dataclasses.replace(GEOMETRY, weight_bus_bits=16, weight_check="hamming")
    assert geometry.words_per_tile == 2
    stimulus = part_stimulus("check", geometry, OPERANDS_BY_HAND, tokens=3, steps=60)
    accepted = stimulus.inputs["accepted"][0, :, 0]
    # The first word of a tile stays for a cycle, the second until the tile is taken.
    assert accepted.tolist() == [True, False, True] * 20
    words = numbers(stimulus.inputs["word"], signed=False)[0]
    told = np.flatnonzero(stimulus.expected["corrupt"][0, :, 0])
    # Every sixteenth word has a flip, which is told a cycle later.
    assert told.tolist() == [1, 25, 49]
    for cycle in np.flatnonzero(accepted):
        assert is_whole(int(words[cycle]), 16) == (cycle + 1 not in told)


def test_words_of_a_tile_come_one_after_the_other():
    stimulus = part_stimulus(
        "loader",
        dataclasses.replace(GEOMETRY, weight_bus_bits=8),
        OPERANDS_BY_HAND,
        tokens=4,
        steps=8,
    )
    words = numbers(stimulus.inputs["weights__payload"], signed=False)[0]

    # Row 0 has +1 0 -1 +1: 01 00 10 01 from the right; row 1 has 0 0 +1 -1.
    assert words[:4].tolist() == [0b01_10_00_01, 0b10_01_00_00, 0b10_01_00_00, 0b10_01_00_00]
    assert stimulus.inputs["take"][0, :, 0].tolist() == [False, False, False, True] * 2
    assert stimulus.steps == 4
    assert stimulus.cycles - stimulus.skipped == 4


def test_what_the_rows_share_comes_two_cycles_after_the_activations():
    geometry = dataclasses.replace(GEOMETRY, lane_style="select")
    stimulus = part_stimulus("operands", geometry, OPERANDS_BY_HAND, tokens=1, steps=6)

    # In the style "select" they share the activations as they are.
    word, shown = stimulus.inputs["activations"][0], stimulus.expected["shared"][0]
    assert (shown[2:] == word[:-2]).all()


@pytest.mark.parametrize("name", sorted(OPERANDS))
def test_operands_are_ternary_and_int8(name):
    operands = draw_operands(name)

    assert operands.name == name
    assert operands.weights.dtype == operands.activations.dtype == np.int8
    assert set(np.unique(operands.weights)) == {-1, 0, 1}
    assert operands.weights.shape[1] == operands.activations.shape[1]


def test_half_of_the_activations_after_relu2_are_zero_and_more():
    activations = draw_operands("relu2").activations

    assert activations.min() == 0
    assert activations.max() == 127
    assert 0.5 < (activations == 0).mean() < 0.7
