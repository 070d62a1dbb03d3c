"""Ternary weights of a checkpoint: what is known of a matrix, and the matrix itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.checkpoint.errors import CheckpointError

if TYPE_CHECKING:
    from golden.quantize import TernaryWeight

__all__ = [
    "Codes",
    "TernaryCodes",
    "TernaryMatrix",
    "TernaryTensor",
    "TwoBitCodes",
    "reciprocal_scale",
]

Codes = NDArray[np.uint8]
"""Weights plus one: 0, 1 and 2."""


class TernaryCodes(Protocol):
    """A matrix in memory in the format of its file, from which rows are decoded block by block."""

    @property
    def inverse_mean(self) -> np.float32:
        """The number by which outputs are divided."""
        ...

    def rows(self, start: int, stop: int) -> Codes:
        """Return rows `start` to `stop` as codes; uint8, [stop - start, k]."""
        ...


@runtime_checkable
class TwoBitCodes(TernaryCodes, Protocol):
    """A matrix with four codes in each byte, those of four rows: it can be packed undecoded."""

    @property
    def packed(self) -> Codes:
        """The bytes, uint8, [any, k]; none has a code 3."""
        ...

    def places(self, n: int) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
        """Return for each of the first `n` rows its row in `packed`, and its lowest bit there."""
        ...


@dataclass(frozen=True, eq=False)
class TernaryMatrix:
    """A matrix of -1, 0 and +1 with one scale, as NumPy arrays.

    Parameters
    ----------
    ternary : array
        int8, [n, k].
    inverse_mean : numpy.float32
        The number by which outputs are divided; positive and finite.
    """

    ternary: NDArray[np.int8]
    inverse_mean: np.float32

    def to_torch(self) -> "TernaryWeight":
        """Return the matrix as the golden model takes it; the weights share memory."""
        import torch

        from golden.quantize import TernaryWeight

        scale = torch.tensor(self.inverse_mean, dtype=torch.float32)
        return TernaryWeight(torch.from_numpy(self.ternary), scale)


@dataclass(frozen=True, eq=False)
class TernaryTensor:
    """One projection of one layer: y = W x with W of `n` rows and `k` columns.

    Parameters
    ----------
    name : str
        Name in the file, of the whole tensor if it stacks several projections.
    layer : int
        From 0.
    role : str
        ``q``, ``k``, ``v``, ``o``, ``gate``, ``up`` or ``down``.
    n, k : int
        Outputs and inputs.
    storage : str
        Format of the weights in the file: ``U8 quarter blocks``, ``BF16``, ``TQ1_0``, ...
    scale_convention : str
        How the file gives the scale: ``inverse mean`` or ``mean``; ``of the weights`` if it does
        not, because it holds the weights before quantisation.
    stored_bytes : int
        Bytes of the weights in the file.
    open : callable
        Reads the matrix, without keeping it.
    """

    name: str
    layer: int
    role: str
    n: int
    k: int
    storage: str
    scale_convention: str
    stored_bytes: int
    open: Callable[[], TernaryCodes]

    @property
    def label(self) -> str:
        """Short name: ``layer 3 gate``."""
        return f"layer {self.layer} {self.role}"

    def matrix(self) -> TernaryMatrix:
        """Read the whole matrix.

        Raises
        ------
        CheckpointError
            If the file is damaged, or is not what its header says.
        """
        codes = self.open()
        ternary = codes.rows(0, self.n).view(np.int8)
        return TernaryMatrix(ternary - np.int8(1), codes.inverse_mean)


def reciprocal_scale(subject: str, scale: np.float32) -> np.float32:
    """Return the reciprocal of a scale, in fp32.

    Raises
    ------
    CheckpointError
        If the scale is not positive and finite, or its reciprocal is not.
    """
    with np.errstate(all="ignore"):
        inverse = np.float32(1) / np.float32(scale)
    if not (0 < scale < np.inf and 0 < inverse < np.inf):
        raise CheckpointError(f"{subject} must be positive and finite, not {float(scale)!r}")
    return np.float32(inverse)
