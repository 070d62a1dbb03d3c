"""How many weights of a matrix are -1, 0 and +1, and how many bits that distribution is worth."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bitnet_hw.checkpoint.ternary import TernaryTensor

__all__ = ["TensorStatistics", "Totals", "statistics_of", "totals_of"]

_BLOCK_WEIGHTS = 1 << 20


@dataclass(frozen=True)
class Totals:
    """Counts of weights.

    Parameters
    ----------
    minus, zero, plus : int
        Weights of -1, 0 and +1.
    """

    minus: int
    zero: int
    plus: int

    @property
    def weights(self) -> int:
        """All weights."""
        return self.minus + self.zero + self.plus

    @property
    def fractions(self) -> tuple[float, float, float]:
        """Parts of the weights that are -1, 0 and +1."""
        return self.minus / self.weights, self.zero / self.weights, self.plus / self.weights

    @property
    def entropy_bits(self) -> float:
        """Bits per weight that an ideal code for independent weights needs; at most log2(3)."""
        return -sum(part * math.log2(part) for part in self.fractions if part)


@dataclass(frozen=True)
class TensorStatistics:
    """What `bitnet-hw inspect` tells of a projection.

    Parameters
    ----------
    tensor : TernaryTensor
        The projection.
    totals : Totals
        Counts of its weights.
    inverse_mean : float
        The number by which outputs are divided.
    """

    tensor: TernaryTensor
    totals: Totals
    inverse_mean: float

    def to_dict(self) -> dict[str, Any]:
        """Return one row of the command's output."""
        tensor = self.tensor
        minus, zero, plus = self.totals.fractions
        return {
            "tensor": tensor.name,
            "layer": tensor.layer,
            "role": tensor.role,
            "n": tensor.n,
            "k": tensor.k,
            "storage": tensor.storage,
            "scale_convention": tensor.scale_convention,
            "inverse_mean": self.inverse_mean,
            "minus": minus,
            "zero": zero,
            "plus": plus,
            "entropy_bits": self.totals.entropy_bits,
            "stored_bytes": tensor.stored_bytes,
        }


def statistics_of(tensor: TernaryTensor) -> TensorStatistics:
    """Read a projection and count its weights.

    Raises
    ------
    CheckpointError
        If the file is damaged.
    """
    codes = tensor.open()
    step = max(1, _BLOCK_WEIGHTS // tensor.k)
    zero = plus = 0
    for start in range(0, tensor.n, step):
        block = codes.rows(start, min(start + step, tensor.n))
        zero += int(np.count_nonzero(block == 1))
        plus += int(np.count_nonzero(block == 2))
    totals = Totals(tensor.n * tensor.k - zero - plus, zero, plus)
    return TensorStatistics(tensor, totals, float(codes.inverse_mean))


def totals_of(rows: list[TensorStatistics]) -> Totals:
    """Return the counts over all projections."""
    return Totals(
        sum(row.totals.minus for row in rows),
        sum(row.totals.zero for row in rows),
        sum(row.totals.plus for row in rows),
    )
