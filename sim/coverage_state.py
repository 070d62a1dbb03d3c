"""The state of an accelerator that follows from its ports, cycle by cycle.

Each change is checked against docs/architecture.md: what cannot have happened raises `WrongTrace`.
"""

from collections import deque
from collections.abc import Iterator

from rtl.geometry import Geometry
from sim.coverage_events import BadCommand, Beat, Event, Step, WeightWord
from sim.coverage_reset import interrupted
from sim.coverage_trace import Command, Trace
from sim.coverage_words import word_codes, word_places
from sim.coverage_work import Work

__all__ = ["COMMAND_QUEUE", "STORE_HALVES", "State", "WrongTrace"]

COMMAND_QUEUE = 4
STORE_HALVES = 2


class WrongTrace(ValueError):
    """The ports did what the architecture does not allow, or a cycle is missing."""


def need(condition: bool, what: str) -> None:
    """Raise WrongTrace unless a condition holds."""
    if not condition:
        raise WrongTrace(what)


class State:
    """What is under way; a new one is idle.

    Parameters
    ----------
    trace : Trace
        Knows the widths of payloads.

    Attributes
    ----------
    queue : deque of (Command, str)
        Commands accepted and not yet taken, and when they came (see `JobDone`).
    jobs : deque of Work
        Jobs taken whose last step is still to come.
    leaving : deque of Work
        Jobs taken whose last result is still to leave.
    loading : Work or None
        The job whose activations are being loaded.
    word : int
        Words of the next weight tile that are there.
    """

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._geometry: Geometry = trace.geometry
        self._words: deque[int] = deque()
        self.word = 0
        self.settle()

    def settle(self) -> None:
        """Take everything for done, but for words of a tile that no job has taken."""
        self.queue: deque[tuple[Command, str]] = deque()
        self.jobs: deque[Work] = deque()
        self.leaving: deque[Work] = deque()
        self.loading: Work | None = None
        self._weighing: deque[Work] = deque()
        self._stepped: Work | None = None
        self._beat = 0

    @property
    def vectors(self) -> int:
        """Result vectors under way or waiting."""
        return sum(job.vectors for job in self.leaving)

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self.queue or self.jobs or self.vectors)

    @property
    def earlier_results(self) -> bool:
        """Whether results of a job before the one at work are still to leave."""
        return bool(self.jobs) and self.leaving[0] is not self.jobs[0]

    def phases(self, *, offered: bool, held: bool, activity: str | None) -> frozenset[str]:
        """Return what a reset now interrupts; see `sim.coverage_reset.interrupted`."""
        return interrupted(
            idle=not self.busy,
            queued=len(self.queue),
            jobs=[(job.position(), job.steps, job.n_tiles, job.k_tiles) for job in self.jobs],
            loading=self.loading is not None,
            loaded=len(self.loading.activations) if self.loading else 0,
            word=self.word,
            vectors=self.vectors,
            offered=offered,
            held=held,
            activity=activity,
        )

    def step(self, *, takes_word: bool, loads: bool, earlier_results: bool) -> Step:
        """Take a step.

        Parameters
        ----------
        takes_word, loads : bool
            In the same cycle a weight word is accepted; an activation word is loaded.
        earlier_results : bool
            As the cycle began, results of a job before were still to leave.
        """
        need(bool(self.jobs), "a step without a job")
        job = self.jobs[0]
        n_tile, k_tile, token = job.position()
        takes = takes_word and self.word == self._geometry.words_per_tile - 1
        need(takes == (token == 0), "a tile must be taken with its first token")
        needed = k_tile * job.command.m + token
        need(len(job.activations) > needed, "a step before its activation was loaded")
        after = "no step"
        if self._stepped is not None:
            after = "same job" if self._stepped is job else "other job"
        job.steps += 1
        if k_tile == job.k_tiles - 1:
            job.vectors += 1
            need(self.vectors <= self._geometry.result_slots, "more result vectors than slots")
        self._stepped = job
        return Step(
            geometry=self._geometry,
            command=job.command,
            n_tile=n_tile,
            k_tile=k_tile,
            token=token,
            own_load=loads and self.loading is job,
            next_load=loads and self.loading is not job,
            after=after,
            earlier_results=earlier_results,
        )

    def no_step(self) -> None:
        """Let a cycle pass without a step."""
        self._stepped = None

    def take_beat(self, payload: int) -> Iterator[Event]:
        """Let a beat of results leave."""
        need(bool(self.leaving) and self.leaving[0].vectors > 0, "a beat of no job")
        job, geometry = self.leaving[0], self._geometry
        count, flags, last = self._trace.beat(payload)
        left = job.rows_of_next_vector() - self._beat * geometry.output_bus_words
        ends = left <= geometry.output_bus_words
        need(count == min(left, geometry.output_bus_words), "a beat of another count")
        need(last == (ends and job.vectors_left == 1), "the end mark in a wrong beat")
        yield Beat(
            geometry=geometry,
            count=count,
            flags=flags,
            index=self._beat,
            ends_vector=ends,
            last=last,
        )
        self._beat = 0 if ends else self._beat + 1
        job.vectors -= ends
        job.vectors_left -= ends
        if last:
            need(job.steps == job.all_steps, "a job that ends before its last step")
            self.leaving.popleft()
            yield job.done()

    def take_command(self) -> Iterator[Event]:
        """Let the loader, in a cycle in which it loads nothing, take a command or drop it."""
        if not self.queue:
            return
        command, came = self.queue[0]
        geometry = self._geometry
        fits = 0 < command.k <= geometry.max_k and 0 < command.m <= geometry.max_tokens
        if not (fits and command.n > 0):
            self.queue.popleft()
            yield BadCommand(geometry=geometry, command=command, jobs=len(self.jobs))
        elif len(self.jobs) < STORE_HALVES:
            self.queue.popleft()
            self.loading = job = Work(geometry, command, came)
            for queue in (self.jobs, self._weighing, self.leaving):
                queue.append(job)

    def load(self, payload: int) -> None:
        """Take an activation word."""
        need(self.loading is not None, "an activation for no job")
        assert self.loading is not None
        self.loading.activations.append(payload)
        if self.loading.loaded:
            self.loading = None

    def end_job(self) -> None:
        """Free the half of the store of a job that has taken its last step."""
        if self.jobs and self.jobs[0].steps == self.jobs[0].all_steps:
            self.jobs.popleft()

    def take_word(self, payload: int, *, known: bool = True) -> None:
        """Take a weight word; `known` is False if its job may have been lost sight of."""
        self._words.append(payload)
        self.word = (self.word + 1) % self._geometry.words_per_tile
        if not known and not self.word:
            self._words.clear()

    def match_words(self) -> Iterator[WeightWord]:
        """Hand weight words to the jobs that they are for."""
        geometry = self._geometry
        while self._words and self._weighing:
            job = self._weighing[0]
            tile, word = divmod(len(job.weights), geometry.words_per_tile)
            n_tile, k_tile = divmod(tile, job.k_tiles)
            payload = self._words.popleft()
            job.weights.append(payload)
            yield WeightWord(
                geometry=geometry,
                codes=word_codes(geometry, payload),
                places=word_places(
                    geometry,
                    word,
                    rows=job.command.n - n_tile * geometry.rows,
                    lanes=job.command.k - k_tile * geometry.lanes,
                ),
            )
            if job.weighed:
                self._weighing.popleft()
