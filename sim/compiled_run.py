"""What a compiled accelerator did with a job list."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtl.job import Job

__all__ = ["CompiledRun"]


@dataclass(frozen=True, kw_only=True, eq=False)
class CompiledRun:
    """What a job list did.

    Attributes
    ----------
    jobs : tuple of Job
        The job list.
    stream : array
        int32: all results, in the order of the result stream.
    last_beat : int
        Cycle of the last result, where the first command is taken in cycle 0.
    counters : dict
        The hardware's counters: cycles, busy, weight_wait, activation_wait, output_wait.
    illegal_code : bool
        Whether the hardware met an illegal weight code.
    corrupt_word : bool
        Whether a weight word did not match its check bits.
    """

    jobs: tuple[Job, ...]
    stream: NDArray[np.int32]
    last_beat: int
    counters: dict[str, int]
    illegal_code: bool
    corrupt_word: bool
    _rows: int

    def matrices(self) -> list[NDArray[np.int32]]:
        """Return the results of each job, int32 [m, n]."""
        ends = np.cumsum([job.m * job.n for job in self.jobs])
        parts = np.split(self.stream, ends[:-1])
        return [_matrix(part, job, self._rows) for part, job in zip(parts, self.jobs, strict=True)]


def _matrix(stream: NDArray[np.int32], job: Job, rows: int) -> NDArray[np.int32]:
    """Put results that come output tile by output tile, token by token, into rows of tokens."""
    whole = job.n // rows * rows
    matrix = np.empty((job.m, job.n), np.int32)
    tiles = stream[: job.m * whole].reshape(-1, job.m, rows)
    matrix[:, :whole] = tiles.swapaxes(0, 1).reshape(job.m, whole)
    matrix[:, whole:] = stream[job.m * whole :].reshape(job.m, job.n - whole)
    return matrix
