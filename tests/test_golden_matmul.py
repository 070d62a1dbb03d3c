"""The integer matrix product, against NumPy's int64."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from golden.matmul import MAX_INPUTS, check_operands, ternary_matmul


def int8(values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int8)


def random_operands(tokens: int, inputs: int, outputs: int, seed: int):
    generator = torch.Generator().manual_seed(seed)
    q = torch.randint(-128, 128, (tokens, inputs), generator=generator, dtype=torch.int8)
    ternary = torch.randint(-1, 2, (outputs, inputs), generator=generator, dtype=torch.int8)
    return q, ternary


def numpy_matmul(q: torch.Tensor, ternary: torch.Tensor) -> np.ndarray:
    return q.numpy().astype(np.int64) @ ternary.numpy().astype(np.int64).T


def test_by_hand():
    q = int8([[1, 2, 3], [-128, 127, 0]])
    ternary = int8([[1, 0, -1], [-1, 1, 1], [0, 0, 0], [-1, -1, -1]])
    sums = ternary_matmul(q, ternary)
    assert sums.dtype == torch.int32
    assert sums.tolist() == [[-2, 4, 0, -6], [-128, 255, 0, 1]]


@given(st.integers(1, 9), st.integers(1, 300), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_against_numpy(tokens, inputs, outputs, seed):
    q, ternary = random_operands(tokens, inputs, outputs, seed)
    assert (ternary_matmul(q, ternary).numpy() == numpy_matmul(q, ternary)).all()


def test_shape_of_the_3b_model():
    q, ternary = random_operands(8, 3200, 8640, seed=0)
    assert (ternary_matmul(q, ternary).numpy() == numpy_matmul(q, ternary)).all()


@pytest.mark.parametrize("inputs", [2560, 8640, 28672, 1 << 17])
def test_extremes(inputs):
    q = torch.stack([torch.full((inputs,), value, dtype=torch.int8) for value in (-128, 127)])
    ternary = torch.ones(2, inputs, dtype=torch.int8)
    ternary[1] = -1
    assert ternary_matmul(q, ternary).tolist() == [
        [-128 * inputs, 128 * inputs],
        [127 * inputs, -127 * inputs],
    ]


def test_sums_that_float32_cannot_hold():
    # Odd, and above 2**24: a single float32 product would round it.
    inputs = 3 * (1 << 17) + 1
    q = torch.full((1, inputs), 127, dtype=torch.int8)
    ternary = torch.ones(1, inputs, dtype=torch.int8)
    assert ternary_matmul(q, ternary).tolist() == [[127 * inputs]]
    assert int(np.float32(127 * inputs)) != 127 * inputs


def test_reduced_precision_products_stay_exact():
    q, ternary = random_operands(8, 5000, 16, seed=5)
    expected = numpy_matmul(q, ternary)
    previous = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        assert (ternary_matmul(q, ternary).numpy() == expected).all()
    finally:
        torch.set_float32_matmul_precision(previous)


def test_leading_dimensions():
    q, ternary = random_operands(12, 20, 5, seed=6)
    expected = ternary_matmul(q, ternary)
    assert torch.equal(ternary_matmul(q.reshape(3, 4, 20), ternary), expected.reshape(3, 4, 5))
    assert torch.equal(ternary_matmul(q[0], ternary), expected[0])
    assert list(ternary_matmul(q[:0], ternary).shape) == [0, 5]
    assert list(ternary_matmul(q, ternary[:0]).shape) == [12, 0]


def test_wrong_operands():
    with pytest.raises(TypeError, match=r"^q must be int8, not torch\.float32$"):
        ternary_matmul(torch.zeros(1, 4), torch.zeros(2, 4, dtype=torch.int8))
    with pytest.raises(TypeError, match=r"^ternary must be int8, not torch\.uint8$"):
        ternary_matmul(int8([[1]]), torch.zeros(1, 1, dtype=torch.uint8))
    with pytest.raises(TypeError, match=r"^ternary must have 2 dimensions, not 1$"):
        ternary_matmul(int8([[1]]), int8([1]))
    with pytest.raises(
        ValueError, match=r"^q must have 2 inputs like ternary, not shape \[1, 3\]$"
    ):
        ternary_matmul(int8([[1, 2, 3]]), int8([[1, 0]]))
    with pytest.raises(ValueError, match=r"^ternary must be -1, 0 or \+1, not from -2 to 1$"):
        ternary_matmul(int8([[1, 1]]), int8([[1, -2]]))
    with pytest.raises(ValueError, match=r"^ternary must be -1, 0 or \+1, not from 1 to 2$"):
        ternary_matmul(int8([[1, 1]]), int8([[1, 2]]))
    with pytest.raises(
        ValueError, match=r"^The number of inputs must be from 1 to 16777215, not 0$"
    ):
        ternary_matmul(torch.zeros(1, 0, dtype=torch.int8), torch.zeros(1, 0, dtype=torch.int8))
    one = int8([[1]]).expand(1, MAX_INPUTS + 1)
    with pytest.raises(
        ValueError, match=r"^The number of inputs must be from 1 to 16777215, not 16777216$"
    ):
        check_operands(one, one)
    most = one[:, :MAX_INPUTS]
    check_operands(most, most)
