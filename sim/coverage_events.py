"""What can be covered: things that happened in a run, each with what was true at that moment."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rtl.geometry import Geometry
from sim.coverage_trace import Command

__all__ = [
    "BadCommand",
    "Beat",
    "Cycle",
    "Event",
    "JobDone",
    "Recovery",
    "Step",
    "Transfer",
    "WeightWord",
]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened in an accelerator."""

    geometry: Geometry


@dataclass(frozen=True, kw_only=True)
class Cycle(Event):
    """A cycle out of reset.

    Attributes
    ----------
    valid, ready : dict of bool
        Of each stream.
    activity : str or None
        The counter that counted (`sim.coverage_trace.WAITS`), ``"pipeline"`` if none did and the
        accelerator was not idle, or ``"idle"``; None if the counters were being cleared.
    clear : bool
        Counters and errors are being cleared.
    errors : frozenset of str
        The errors that are remembered.
    queued : int
        Commands accepted and not yet taken by the loader.
    jobs : int
        Jobs taken and not ended: halves of the store in use.
    loading, loads_ahead : bool
        Activations are being loaded; and for the job behind the one at work.
    vectors : int
        Result vectors under way or in the result buffer.
    result_jobs : int
        Jobs that these vectors are of.
    word : int
        Words of the next weight tile that are there already.
    held : bool
        A result was held back at any time since the accelerator was idle.
    """

    valid: dict[str, bool]
    ready: dict[str, bool]
    activity: str | None
    clear: bool
    errors: frozenset[str]
    queued: int
    jobs: int
    loading: bool
    loads_ahead: bool
    vectors: int
    result_jobs: int
    word: int
    held: bool


@dataclass(frozen=True, kw_only=True)
class Step(Event):
    """A step of the array.

    Attributes
    ----------
    command : Command
        The job.
    n_tile, k_tile, token : int
        Where it stands in the job.
    own_load, next_load : bool
        In the same cycle an activation word of the same job was loaded, or of the next job.
    after : str
        What the cycle before was for: ``"same job"``, ``"other job"`` if a step of one, ``"no
        step"``.
    earlier_results : bool
        Results of an earlier job were still to leave.
    """

    command: Command
    n_tile: int
    k_tile: int
    token: int
    own_load: bool
    next_load: bool
    after: str
    earlier_results: bool


@dataclass(frozen=True, kw_only=True)
class Transfer(Event):
    """A transfer on a stream.

    Attributes
    ----------
    stream : str
        Its name.
    waited : int
        Cycles in which it was offered and not taken.
    idle : int
        Cycles before in which nothing was offered, since the last transfer or the reset.
    """

    stream: str
    waited: int
    idle: int


@dataclass(frozen=True, kw_only=True)
class WeightWord(Event):
    """A word of the weight stream was accepted, and the tile that it belongs to is known.

    Attributes
    ----------
    codes : tuple of int
        Its codes: bytes in `trit5`, pairs of bits in `trit2`; unused places included.
    places : tuple of str
        For each code, where its first weight belongs: ``"weight"``, ``"padding row"``, ``"padding
        lane"`` or ``"unused"``.
    """

    codes: tuple[int, ...]
    places: tuple[str, ...]

    @cached_property
    def weight_codes(self) -> frozenset[int]:
        """The codes that begin with a weight of the job."""
        pairs = zip(self.codes, self.places, strict=True)
        return frozenset(code for code, place in pairs if place == "weight")


@dataclass(frozen=True, kw_only=True)
class Beat(Event):
    """A beat of results was taken.

    Attributes
    ----------
    count, flags : int
        Of the beat.
    index : int
        Which of its vector.
    ends_vector, last : bool
        It is the last of its vector, and of its job.
    """

    count: int
    flags: int
    index: int
    ends_vector: bool
    last: bool


@dataclass(frozen=True, kw_only=True)
class JobDone(Event):
    """The last result of a job was taken.

    Attributes
    ----------
    command : Command
        The job.
    weights : array
        int8, [n, k]; 0 where the code was illegal.
    activations : array
        int8, [m, k].
    weight_idle, result_held : float
        Share of the cycles from the one in which the job was taken to this one in which no weight
        was offered, and in which results were not accepted.
    came : str
        When its command came: ``"idle"`` (nothing was under way), ``"draining"`` (only results
        were) or ``"working"``.
    """

    command: Command
    weights: NDArray[np.int8]
    activations: NDArray[np.int8]
    weight_idle: float
    result_held: float
    came: str


@dataclass(frozen=True, kw_only=True)
class BadCommand(Event):
    """A command was dropped.

    Attributes
    ----------
    command : Command
        Its fields.
    jobs : int
        Jobs taken and not ended at that time.
    """

    command: Command
    jobs: int


@dataclass(frozen=True, kw_only=True)
class Recovery(Event):
    """After a reset, a whole job was done before any other reset.

    Attributes
    ----------
    phases : frozenset of str
        What the reset interrupted; see `sim.coverage_replay.PHASES`.
    """

    phases: frozenset[str]
