"""A matrix product that keeps count of itself and compares its results."""

from collections import Counter
from typing import TYPE_CHECKING

from bitnet_hw.array_work import ArrayWork
from bitnet_hw.config import Config
from bitnet_hw.errors import SimulationFailed
from bitnet_hw.timing import weight_rate

if TYPE_CHECKING:
    from torch import Tensor

    from golden.bitlinear import Matmul

__all__ = ["MeteredMatmul"]


class MeteredMatmul:
    """Multiplies as golden's `Matmul` does, and notes what an array has to do for it.

    Parameters
    ----------
    config : Config
        The accelerator.
    multiply : Matmul
        What multiplies.
    expected : Matmul, optional
        What to compare each result with.

    Members
    -------
    outputs_checked : int
        Results compared so far.
    """

    def __init__(
        self, config: Config, multiply: "Matmul", *, expected: "Matmul | None" = None
    ) -> None:
        self._config = config
        self._multiply = multiply
        self._expected = expected
        self._products: Counter[tuple[int, int, int]] = Counter()
        self.outputs_checked = 0

    def __call__(self, q: "Tensor", ternary: "Tensor") -> "Tensor":
        """Return the sums, int32 [M, N], of `q`, int8 [M, K], and `ternary`, int8 [N, K].

        Raises
        ------
        SimulationFailed
            If a sum is not the expected one.
        """
        (m, k), n = q.shape, len(ternary)
        self._products[m, k, n] += 1
        sums = self._multiply(q, ternary)
        if self._expected is not None:
            self._compare(sums, self._expected(q, ternary))
        return sums

    def work(self) -> ArrayWork:
        """Return what was multiplied so far, with weights at the rate of the array's memory."""
        return ArrayWork(self._config, self._products.copy(), weight_rate(self._config))

    def _compare(self, sums: "Tensor", expected: "Tensor") -> None:
        wrong = (sums != expected).nonzero()
        if len(wrong):
            m, n = (int(index) for index in wrong[0])
            raise SimulationFailed(
                f"Every sum must equal the golden model's, but output {n} of token {m} is "
                f"{int(sums[m, n])}, not {int(expected[m, n])} ({len(wrong)} of {sums.numel()} "
                "differ)"
            )
        self.outputs_checked += sums.numel()
