"""A job under way, as far as the ports have shown it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rtl.geometry import Geometry
from sim.coverage_events import JobDone
from sim.coverage_trace import Command
from sim.packing import unpack_activations, unpack_weights

__all__ = ["Work"]


@dataclass(eq=False)
class Work:
    """A job that the loader has taken, until its last result leaves.

    Parameters
    ----------
    geometry : Geometry
        The accelerator.
    command : Command
        The job, which fits it.
    came : str
        See `JobDone`.

    Attributes
    ----------
    steps, vectors : int
        Steps taken; result vectors under way or waiting.
    cycles, weight_idle, result_held : int
        Cycles since it was taken; those without a weight offered, and without results accepted.
    activations, weights : list of int
        Words that have come.
    """

    geometry: Geometry
    command: Command
    came: str
    steps: int = 0
    vectors: int = 0
    cycles: int = 0
    weight_idle: int = 0
    result_held: int = 0
    activations: list[int] = field(default_factory=list)
    weights: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.k_tiles = self.geometry.k_tiles(self.command.k)
        self.n_tiles = self.geometry.n_tiles(self.command.n)
        self.all_steps = self.k_tiles * self.n_tiles * self.command.m
        self.vectors_left = self.n_tiles * self.command.m

    @property
    def loaded(self) -> bool:
        """Whether all activations have come."""
        return len(self.activations) == self.k_tiles * self.command.m

    @property
    def weighed(self) -> bool:
        """Whether all weights have come."""
        return len(self.weights) == self.k_tiles * self.n_tiles * self.geometry.words_per_tile

    def position(self) -> tuple[int, int, int]:
        """Return output tile, K tile and token of the next step."""
        tile, token = divmod(self.steps, self.command.m)
        return *divmod(tile, self.k_tiles), token

    def rows_of_next_vector(self) -> int:
        """Return the results of the next vector to leave."""
        if self.vectors_left > self.command.m:
            return self.geometry.rows
        return self.command.n - (self.n_tiles - 1) * self.geometry.rows

    def done(self) -> JobDone:
        """Return the event of its end."""
        geometry, command = self.geometry, self.command
        weights = _array(self.weights, geometry.weight_bus_bits // 8)
        activations = _array(self.activations, geometry.lanes)
        return JobDone(
            geometry=geometry,
            command=command,
            weights=unpack_weights(geometry, weights, command.n, command.k)[0],
            activations=unpack_activations(geometry, activations, command.m, command.k),
            weight_idle=self.weight_idle / self.cycles,
            result_held=self.result_held / self.cycles,
            came=self.came,
        )


def _array(words: Sequence[int], size: int) -> NDArray[np.uint8]:
    data = b"".join(word.to_bytes(size, "little") for word in words)
    return np.frombuffer(data, np.uint8).reshape(-1, size)
