"""What evaluates points: places where one point at a time is worked on."""

from concurrent.futures import Future
from typing import Protocol

from bitnet_hw.row import Row
from bitnet_hw.sweep_point import Point

__all__ = ["PointLost", "Workers", "WorkersGone"]


class PointLost(Exception):
    """The process that evaluated a point is gone.

    Parameters
    ----------
    reason : str
        How it ended, as the end of a sentence that begins with the process.
    attempts : int
        Processes that the point has lost.
    """

    def __init__(self, reason: str, attempts: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.attempts = attempts


class WorkersGone(Exception):
    """There is nothing left that could evaluate a point; says why in words, not as a sentence."""


class Workers(Protocol):
    """Processes of this machine or of others."""

    def places(self) -> int:
        """Return how many points can be evaluated at the same time, now.

        Raises
        ------
        WorkersGone
            If that will not become more than 0 again.
        """

    def submit(self, point: Point) -> Future[Row]:
        """Evaluate a point as soon as there is a place for it."""

    def row(self, future: Future[Row]) -> Row:
        """Return what came of a finished future.

        Raises
        ------
        PointLost
            If the process died.
        WorkersGone
            If all did.
        ToolMissing
            If a process lacks what every point needs.
        Exception
            If the point could not be evaluated for another reason.
        """

    def close(self, *, abandon: bool) -> None:
        """End the processes; with `abandon` without waiting for the points they work on."""
