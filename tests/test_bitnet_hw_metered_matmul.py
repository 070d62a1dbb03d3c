import pytest
import torch

from bitnet_hw.config import load_config
from bitnet_hw.errors import SimulationFailed
from bitnet_hw.metered_matmul import MeteredMatmul
from golden.matmul import ternary_matmul

TINY = load_config("tiny")
Q = torch.tensor([[1, 2, 3], [-128, 0, 127]], dtype=torch.int8)
TERNARY = torch.tensor([[1, 0, -1], [1, 1, 1]], dtype=torch.int8)


def test_counts_products_by_shape():
    matmul = MeteredMatmul(TINY, ternary_matmul)
    start = matmul.work()
    assert matmul(Q, TERNARY).tolist() == [[-2, 6], [-255, -1]]
    matmul(Q, TERNARY)
    matmul(Q[:1], TERNARY)
    assert start.products == {}
    assert matmul.work().products == {(2, 3, 2): 2, (1, 3, 2): 1}
    assert matmul.outputs_checked == 0


def test_compares():
    matmul = MeteredMatmul(TINY, ternary_matmul, expected=ternary_matmul)
    matmul(Q, TERNARY)
    matmul(Q[1:], TERNARY)
    assert matmul.outputs_checked == 6


def test_a_wrong_sum_is_named():
    def broken(q, ternary):
        sums = ternary_matmul(q, ternary)
        sums[1, 0] += 1
        return sums

    matmul = MeteredMatmul(TINY, broken, expected=ternary_matmul)
    with pytest.raises(
        SimulationFailed,
        match=(
            r"^Every sum must equal the golden model's, but output 0 of token 1 is -254, not -255 "
            r"\(1 of 4 differ\)$"
        ),
    ):
        matmul(Q, TERNARY)
