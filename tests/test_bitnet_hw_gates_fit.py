"""Coefficients of terms: found again where they are exact, never negative."""

import dataclasses

import numpy as np
import pytest

from bitnet_hw.config import load_config
from bitnet_hw.errors import ConfigError
from bitnet_hw.gate_counts import count_of
from bitnet_hw.gates.array_figures import ArrayFigures
from bitnet_hw.gates.fit import COUNTS, fit_terms, fit_zero_slopes, non_negative_fit
from bitnet_hw.gates.training import training_configs

ZEROS = {"uniform": 0.25, "uniform, 50% zeros": 0.5}


def made(geometry, *, factor=1.0):
    """Return figures in which each count of a group adds one more than the count before."""
    groups = {
        group: factor
        * sum(place * count_of(geometry, count) for place, count in enumerate(counts, start=1))
        for group, counts in COUNTS.items()
    }

    def scaled(by):
        return {group: by * value for group, value in groups.items()}

    steps = {("uniform", "new"): scaled(4), ("uniform, 50% zeros", "new"): scaled(3)}
    if geometry.max_tokens > 1:
        steps["uniform", "same"] = scaled(2)
        steps["uniform, 50% zeros", "same"] = scaled(2)
    return ArrayFigures(geometry, groups, scaled(0.5), scaled(3), steps, {}, {})


@pytest.fixture(scope="module")
def arrays():
    return [made(config.array) for config in training_configs(load_config("edge"))]


def test_the_training_arrays_tell_all_terms_apart(arrays):
    terms = fit_terms(arrays, ["uniform"])
    names = [(term["group"], term["count"]) for term in terms]
    kinds = {"weight decoder": 2}
    assert len(names) == sum(kinds.get(group, 1) * len(counts) for group, counts in COUNTS.items())
    for term in terms:
        place = COUNTS[term["group"]].index(term["count"]) + 1
        assert term["area_um2"] == pytest.approx(place, rel=1e-6), term
        assert term["leakage_nw"] == pytest.approx(0.5 * place, rel=1e-6), term
        assert term["clock_fj"] == pytest.approx(3 * place, rel=1e-6), term
        assert term["step_fj"]["uniform"] == pytest.approx(
            {"new_fj": 4 * place, "same_fj": 2 * place}, rel=1e-6
        )


def test_slopes(arrays):
    slopes = fit_zero_slopes(arrays, ZEROS, "uniform")
    # A quarter less energy for a quarter more zeros.
    assert slopes["adder tree"] == pytest.approx({"new": -1.0, "same": 0.0})


def test_a_single_array_is_met_by_the_simplest_terms():
    [array] = [made(config.array) for config in training_configs(load_config("edge"))[:1]]
    terms = fit_terms([array], ["uniform"])
    tree = [term for term in terms if term["group"] == "adder tree"]
    found = sum(term["area_um2"] * count_of(array.geometry, term["count"]) for term in tree)
    assert found == pytest.approx(array.area_um2["adder tree"])
    assert sum(term["area_um2"] > 0 for term in tree) == 1


def test_no_coefficient_is_negative():
    # 10 x - y would fit exactly.
    matrix = np.array([[1.0, 1.0], [1.0, 5.0], [2.0, 1.0]])
    found = non_negative_fit(matrix, matrix @ np.array([10.0, -1.0]))
    assert found[1] == 0
    # The least squares of 9 / x - 1, 5 / x - 1 and 19 / (2 x) - 1, relative.
    scaled = np.array([1 / 9, 1 / 5, 2 / 19])
    assert found[0] == pytest.approx(scaled.sum() / (scaled**2).sum())


def test_relative_errors_count():
    # Of 1 and 100, a slope through the origin at x = 1 and 1000: both miss by the same share.
    found = non_negative_fit(np.array([[1.0], [1000.0]]), np.array([1.0, 100.0]))
    assert found[0] == pytest.approx(11 / 101)


def test_nothing_to_fit():
    assert non_negative_fit(np.ones((2, 1)), np.zeros(2)).tolist() == [0]


def test_a_group_that_nobody_knows():
    array = made(load_config("tiny").array)
    odd = ArrayFigures(array.geometry, {**array.area_um2, "odd": 1.0}, {}, {}, {}, {}, {})
    with pytest.raises(ConfigError, match=r"^A technology file knows no terms for the group odd$"):
        fit_terms([odd], [])


def test_a_group_without_cells(arrays):
    bare = [
        dataclasses.replace(array, area_um2={"adder tree": array.area_um2["adder tree"]})
        for array in arrays
    ]
    areas = {term["group"]: term["area_um2"] for term in fit_terms(bare, ["uniform"])}
    assert areas["adder tree"] > 0
    assert areas["lane select"] == 0
