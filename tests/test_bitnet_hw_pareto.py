"""The Pareto front equals its definition, ties and missing values included."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bitnet_hw import pareto
from bitnet_hw.pareto import front_order, pareto_mask


def brute_force(values, directions):
    signs = [1 if direction == "min" else -1 for direction in directions]
    costs = [[sign * value for sign, value in zip(signs, row, strict=True)] for row in values]

    def dominates(left, right):
        return all(a <= b for a, b in zip(left, right, strict=True)) and left != right

    return [
        not any(cost != cost for cost in row) and not any(dominates(other, row) for other in costs)
        for row in costs
    ]


# Few distinct values, so that ties and equal points are the rule.
COARSE = st.sampled_from([
    0.0,
    -0.0,
    1.0,
    2.0,
    3.0,
    -1.0,
    float("inf"),
    -float("inf"),
    float("nan"),
])


@st.composite
def problems(draw, elements=COARSE, max_points=40):
    objectives = draw(st.integers(1, 5))
    points = draw(st.integers(0, max_points))
    values = draw(hnp.arrays(np.float64, (points, objectives), elements=elements))
    directions = draw(
        st.lists(st.sampled_from(["min", "max"]), min_size=objectives, max_size=objectives)
    )
    return values, directions


@given(problems())
def test_mask_equals_brute_force_with_ties(problem):
    values, directions = problem
    assert pareto_mask(values, directions).tolist() == brute_force(values, directions)


@given(problems(elements=st.floats(allow_nan=True)))
def test_mask_equals_brute_force(problem):
    values, directions = problem
    assert pareto_mask(values, directions).tolist() == brute_force(values, directions)


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_mask_equals_brute_force_over_several_blocks(objectives, monkeypatch):
    monkeypatch.setattr(pareto, "_BLOCK", 7)
    monkeypatch.setattr(pareto, "_FRONT_CHUNK", 5)
    rng = np.random.default_rng(objectives)
    values = rng.integers(0, 12, (400, objectives)).astype(np.float64)
    # A long front: most points of a sphere are on it.
    values[:200] = rng.random((200, objectives)) + 0.01
    values[:200] /= np.linalg.norm(values[:200], axis=1)[:, None]
    directions = ["max", "min", "max", "max"][:objectives]
    assert pareto_mask(values, directions).tolist() == brute_force(values.tolist(), directions)


def test_mask_does_not_depend_on_the_order():
    rng = np.random.default_rng(1)
    values = rng.integers(0, 20, (3000, 3)).astype(np.float64)
    shuffle = rng.permutation(len(values))
    mask = pareto_mask(values, ["min", "max", "min"])
    assert pareto_mask(values[shuffle], ["min", "max", "min"]).tolist() == mask[shuffle].tolist()


def test_front_of_two_by_hand():
    # speed (max), energy (min)
    values = np.array([[1, 1], [2, 1], [2, 1], [3, 5], [3, 4], [0, 0.5], [2.5, 4]])
    assert pareto_mask(values, ["max", "min"]).tolist() == [
        False,
        True,
        True,
        False,
        True,
        True,
        False,
    ]
    assert front_order(values, ["max", "min"]).tolist() == [4, 1, 2, 5]
    assert front_order(values, ["min", "min"]).tolist() == [5]


def test_front_order_breaks_ties_by_the_next_objective_then_by_the_index():
    values = np.array([[1, 2, 9], [1, 2, 9], [1, 1, 10], [1, 3, 8]], dtype=np.float64)
    assert front_order(values, ["min", "min", "min"]).tolist() == [2, 0, 1, 3]
    assert front_order(values, ["min", "min", "max"]).tolist() == [2]


def test_no_points():
    assert pareto_mask(np.empty((0, 2)), ["min", "max"]).tolist() == []
    assert front_order(np.empty((0, 2)), ["min", "max"]).tolist() == []


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"^Direction must be one of min, max, not 'up'$"):
        pareto_mask(np.zeros((1, 1)), ["up"])
    with pytest.raises(
        ValueError,
        match=r"^Values must have one column for each of the 1 directions, at least one, "
        r"not shape \(2, 3\)$",
    ):
        pareto_mask(np.zeros((2, 3)), ["min"])
    with pytest.raises(ValueError, match=r"^Values must have one column .* not shape \(2, 0\)$"):
        pareto_mask(np.zeros((2, 0)), [])
