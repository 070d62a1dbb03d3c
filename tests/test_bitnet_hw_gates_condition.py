import numpy as np
import pytest

from bitnet_hw.gates.condition import pins_of, probability


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("A", 0.5),
        ("!A", 0.5),
        ("A'", 0.5),
        ("A * B", 0.125),
        ("A B", 0.125),
        ("A & !B", 0.375),
        ("A + B", 0.625),
        ("(A | B) & !(A & B)", 0.5),
        ("A ^ B", 0.5),
        ("!A * B + A * !B", 0.5),
        ("1", 1.0),
        ("0", 0.0),
    ],
)
def test_probabilities_of_independent_inputs(expression, expected):
    ones = {"A": np.array([0.5]), "B": np.array([0.25])}

    assert probability(expression, ones, {})[0] == pytest.approx(expected)


def test_an_output_follows_its_inputs():
    ones = {"A": np.array([0.5]), "B": np.array([0.25]), "Y": np.array([0.875])}

    # Y is 1 whenever B is 0: the state is !B alone, not a product with Y.
    assert probability("!B * Y", ones, {"Y": "!(A * B)"})[0] == pytest.approx(0.75)


def test_one_number_for_each_instance():
    ones = {"A": np.array([0.0, 0.5, 1.0])}

    assert probability("!A", ones, {}).tolist() == [1, 0.5, 0]


def test_pins_are_named_once():
    assert pins_of("A * !B + A") == ("A", "B")


@pytest.mark.parametrize("expression", ["A *", "(A", "A )", "A $ B", "*"])
def test_broken_expressions_are_refused(expression):
    with pytest.raises(ValueError, match="expression of Liberty"):
        probability(expression, {"A": np.array([0.5]), "B": np.array([0.5])}, {})


def test_unknown_pins_are_refused():
    with pytest.raises(ValueError, match="names C, which the cell does not have"):
        probability("C", {"A": np.array([0.5])}, {})
