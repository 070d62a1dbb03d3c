"""The data of a job: its two matrices."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.geometry import Geometry
from rtl.job import Job

__all__ = ["JobOperands", "draw_job", "load_operands", "save_operands"]

_DRAWN_TILES = 3
"""Most tiles in each direction of a drawn job: enough for a first, a middle and a last one."""


@dataclass(frozen=True, eq=False)
class JobOperands:
    """A job with its data.

    Parameters
    ----------
    activations : array
        int8, [m, k].
    weights : array
        int8, [n, k], values -1, 0 and +1.
    flags : int
        Flags of the job.

    Raises
    ------
    TypeError
        If an operand is not an int8 matrix.
    ValueError
        If the numbers of inputs differ.
    """

    activations: NDArray[np.int8]
    weights: NDArray[np.int8]
    flags: int = 0

    def __post_init__(self) -> None:
        for name in ("activations", "weights"):
            operand = getattr(self, name)
            if operand.dtype != np.int8 or operand.ndim != 2:
                raise TypeError(
                    f"{name} must be an int8 matrix, not {operand.dtype} of shape {operand.shape}"
                )
        if self.activations.shape[1] != self.weights.shape[1]:
            raise ValueError(
                f"activations must have {self.weights.shape[1]} inputs like weights, "
                f"not {self.activations.shape[1]}"
            )

    @property
    def job(self) -> Job:
        """Sizes and flags."""
        m, k = self.activations.shape
        return Job(k=k, n=self.weights.shape[0], m=m, flags=self.flags)

    @classmethod
    def random(cls, job: Job, rng: np.random.Generator) -> "JobOperands":
        """Draw operands for a job: mostly arbitrary ones, and now and then all at the extremes."""
        activations = rng.integers(-128, 128, (job.m, job.k), np.int8)
        weights = rng.integers(-1, 2, (job.n, job.k), np.int8)
        style = rng.integers(8)
        if style == 0:
            activations = rng.choice(np.array([-128, 127], np.int8), activations.shape)
        elif style == 1:
            # The largest sum that there is, and the smallest.
            activations[:] = -128
            weights[:] = rng.choice(np.array([-1, 1], np.int8), (job.n, 1))
        elif style == 2:
            weights[rng.random(weights.shape) < 0.9] = 0
        return cls(activations, weights, job.flags)


def draw_job(geometry: Geometry, rng: np.random.Generator) -> Job:
    """Draw a job of up to three tiles in each direction, ragged ones and whole ones alike."""

    def size(tile: int, limit: int) -> int:
        tiles = int(rng.integers(1, _DRAWN_TILES + 1))
        ragged = int(rng.integers(0, tile)) if rng.random() < 0.7 else 0
        return max(1, min(tiles * tile - ragged, limit))

    tokens = rng.choice([1, geometry.max_tokens, int(rng.integers(1, geometry.max_tokens + 1))])
    return Job(
        k=size(geometry.lanes, geometry.max_k),
        n=size(geometry.rows, _DRAWN_TILES * geometry.rows),
        m=int(tokens),
        flags=int(rng.integers(256)),
    )


def save_operands(path: Path, operands: Sequence[JobOperands]) -> None:
    """Write the operands of several jobs to one ``.npz`` file."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for index, item in enumerate(operands):
        arrays[f"activations{index}"] = item.activations
        arrays[f"weights{index}"] = item.weights
        arrays[f"flags{index}"] = np.array(item.flags)
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes **kwds for allow_pickle


def load_operands(path: Path) -> list[JobOperands]:
    """Read what `save_operands` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return [
            JobOperands(
                arrays[f"activations{index}"],
                arrays[f"weights{index}"],
                int(arrays[f"flags{index}"]),
            )
            for index in range(len(arrays) // 3)
        ]
