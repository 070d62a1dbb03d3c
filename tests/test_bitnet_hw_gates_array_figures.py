"""What a report of an array means for a fit."""

import dataclasses

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.gates.array_figures import array_figures

GROUPS = ("adder tree", "tile registers")


def report(**changes):
    """Return a report of `tiny`, two of whose groups have cells."""
    array = load_config("tiny", changes).array

    def energy(tree, tile):
        return {
            group: {"switching": value / 32 - 1, "internal": 1, "leakage": 100.0}
            for group, value in zip(GROUPS, (tree, tile), strict=True)
        }

    rows = {1: energy(100.0, 90.0)}
    if array.max_tokens > 1:
        rows[array.max_tokens] = energy(80.0, 60.0)
    return {
        "geometry": dataclasses.asdict(array),
        "groups": [
            {"group": group, "area_um2": area, "leakage_nw": 2 * area}
            for group, area in zip(GROUPS, (5.0, 7.0), strict=True)
        ],
        "idle_fj_per_cycle": {"adder tree": 10.0, "tile registers": 30.0},
        "energy": [
            {"operands": "uniform", "tokens": tokens, "by_group_fj_per_mac": by_group}
            for tokens, by_group in rows.items()
        ],
        "fmax_mhz_by_part": {"row": 123.0},
        "netlists_sha256": {"row": "abc"},
    }


def test_of_two_tokens():
    figures = array_figures(report())
    assert figures.area_um2 == {"adder tree": 5, "tile registers": 7}
    assert figures.leakage_nw == {"adder tree": 10, "tile registers": 14}
    assert figures.streams == ("uniform",)
    # 100 less the clock is 90 for new weights; the mean of 90 and the other is 80 - 10.
    assert figures.step_fj["uniform", "new"] == pytest.approx({
        "adder tree": 90,
        "tile registers": 60,
    })
    assert figures.step_fj["uniform", "same"] == pytest.approx({
        "adder tree": 50,
        "tile registers": 0,
    })


def test_words_take_cycles_of_the_loader():
    # Two words for a tile: with one token the loader needs two cycles, with two tokens one.
    figures = array_figures(report(**{"array.weight_bus_bits": 32}))
    assert figures.step_fj["uniform", "new"] == pytest.approx({
        "adder tree": 90,
        "tile registers": 30,
    })
    assert figures.step_fj["uniform", "same"] == pytest.approx({
        "adder tree": 50,
        "tile registers": 30,
    })


def test_one_token_at_a_time():
    figures = array_figures(report(**{"array.max_tokens": 1}))
    assert list(figures.step_fj) == [("uniform", "new")]


def test_cells_between_the_parts_of_a_row():
    odd = report()
    odd["groups"].append({"group": "row", "area_um2": 3.0, "leakage_nw": 1.0})
    assert array_figures(odd).area_um2 == {
        "adder tree": 5,
        "tile registers": 7,
        "accumulator": 3,
    }
