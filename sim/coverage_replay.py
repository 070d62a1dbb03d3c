"""From what was seen at the ports to what happened inside.

The state is that of docs/architecture.md, and what of it is visible at the ports must be what was
seen there; so no event is derived from a wrong idea of the state.
"""

from collections.abc import Iterator, Sequence

from rtl.counters import ERRORS
from sim.coverage_events import Cycle, Event, JobDone, Recovery, Transfer
from sim.coverage_state import COMMAND_QUEUE, State, WrongTrace, need
from sim.coverage_trace import PORTS, STREAMS, WAITS, Segment, Trace

__all__ = ["events"]

_PLACE = {name: place for place, name in enumerate(PORTS)}
_VALID = {name: _PLACE[f"{name}__valid"] for name in STREAMS}
_READY = {name: _PLACE[f"{name}__ready"] for name in STREAMS}
_COUNTERS = {name: _PLACE[f"status__{name}"] for name in WAITS}
_ERRORS = {name: _PLACE[f"status__{name}"] for name in ERRORS}

Row = Sequence[int]


def events(trace: Trace) -> Iterator[Event]:
    """Yield what happened, in order.

    Raises
    ------
    WrongTrace
        If a port did what it cannot have done.
    """
    for number, segment in enumerate(trace.segments):
        replay = _Replay(trace, segment)
        try:
            yield from replay.run()
        except WrongTrace as error:
            where = f"Segment {number}, cycle {replay.cycle}"
            raise WrongTrace(f"{where}: the ports show {error}") from None


class _Replay:
    """One segment, from its first reset on."""

    def __init__(self, trace: Trace, segment: Segment) -> None:
        self._trace = trace
        self._rows = segment.cycles
        self._payloads = {name: iter(segment.payloads[name]) for name in STREAMS}
        # Whether there was a reset at all, whether the state is known, and what the last reset
        # interrupted.
        self._started = self._known = False
        self._phases: frozenset[str] | None = None
        self.cycle = 0
        self._forget()

    def _forget(self) -> None:
        """Take the accelerator for just reset."""
        self._state = State(self._trace)
        self._waited = dict.fromkeys(STREAMS, 0)
        self._idle = dict.fromkeys(STREAMS, 0)
        self._running = self._held = False
        self._activity: str | None = None

    def run(self) -> Iterator[Event]:
        """Yield what happened."""
        for index, row in enumerate(self._rows):
            self.cycle = index
            moved = {
                name: next(self._payloads[name])
                for name in STREAMS
                if row[_VALID[name]] and row[_READY[name]]
            }
            if row[_PLACE["rst"]]:
                self._reset(row)
                continue
            self._running = True
            activity = self._counted(row)
            if not self._known and self._started and row[_PLACE["status__idle"]]:
                self._state.settle()
                self._known = True
            if self._known:
                self._compare(row)
                yield from self._tick(row, moved, activity)
                # A step may have been taken, and not counted: wait until all is over.
                self._known = activity is not None or not self._state.busy
            elif "weights" in moved:
                self._state.take_word(moved["weights"], known=False)
            self._activity = activity

    def _reset(self, row: Row) -> None:
        if self._running:
            offered = bool(row[_VALID["results"]])
            self._phases = None
            if self._known:
                self._phases = self._state.phases(
                    offered=offered,
                    held=offered and not row[_READY["results"]],
                    activity=self._activity,
                )
        self._forget()
        self._started = self._known = True

    def _counted(self, row: Row) -> str | None:
        """Return what the cycle was counted as, if that can be told."""
        if self.cycle + 1 == len(self._rows) or row[_PLACE["clear"]]:
            return None
        after = self._rows[self.cycle + 1]
        mask = (1 << self._trace.counter_bits) - 1
        grown = {
            name: (after[place] - row[place]) & mask
            for name, place in _COUNTERS.items()
            if after[place] != row[place]
        }
        if not grown:
            return "idle" if row[_PLACE["status__idle"]] else "pipeline"
        need(list(grown.values()) == [1], f"counters growing by {grown}")
        return next(iter(grown))

    def _compare(self, row: Row) -> None:
        """Compare the state with the ports."""
        state = self._state
        need(row[_PLACE["status__idle"]] == (not state.busy), "another idle")
        full = len(state.queue) == COMMAND_QUEUE
        need(row[_READY["commands"]] == (not full), "another ready of commands")
        need(row[_READY["activations"]] == (state.loading is not None), "another load")

    def _tick(self, row: Row, moved: dict[str, int], activity: str | None) -> Iterator[Event]:
        """Yield what happened in a cycle, and go on to the next."""
        state = self._state
        self._held &= not row[_PLACE["status__idle"]]
        self._held |= bool(row[_VALID["results"]] and not row[_READY["results"]])
        came = self._came(row)
        yield self._seen(row, activity)
        yield from self._transfers(row, moved)
        for job in state.leaving:
            job.cycles += 1
            job.weight_idle += not row[_VALID["weights"]]
            job.result_held += not row[_READY["results"]]
        # In the order that keeps each part from seeing what another does in the same cycle.
        earlier_results = state.earlier_results
        if "results" in moved:
            yield from self._with_recovery(state.take_beat(moved["results"]))
        if activity == "busy":
            yield state.step(
                takes_word="weights" in moved,
                loads="activations" in moved,
                earlier_results=earlier_results,
            )
        else:
            state.no_step()
        if "activations" in moved:
            state.load(moved["activations"])
        elif state.loading is None:
            yield from state.take_command()
        state.end_job()
        if "commands" in moved:
            state.queue.append((self._trace.command(moved["commands"]), came))
        if "weights" in moved:
            state.take_word(moved["weights"])
        yield from state.match_words()

    def _came(self, row: Row) -> str:
        """Return when a command of this cycle comes."""
        if row[_PLACE["status__idle"]]:
            return "idle"
        return "working" if self._state.queue or self._state.jobs else "draining"

    def _with_recovery(self, happened: Iterator[Event]) -> Iterator[Event]:
        for event in happened:
            yield event
            if isinstance(event, JobDone) and self._phases is not None:
                yield Recovery(geometry=self._trace.geometry, phases=self._phases)
                self._phases = None

    def _transfers(self, row: Row, moved: dict[str, int]) -> Iterator[Transfer]:
        for name in STREAMS:
            if name in moved:
                yield Transfer(
                    geometry=self._trace.geometry,
                    stream=name,
                    waited=self._waited[name],
                    idle=self._idle[name],
                )
                self._waited[name] = self._idle[name] = 0
            elif row[_VALID[name]]:
                self._waited[name] += 1
            else:
                self._idle[name] += 1

    def _seen(self, row: Row, activity: str | None) -> Cycle:
        state = self._state
        return Cycle(
            geometry=self._trace.geometry,
            valid={name: bool(row[place]) for name, place in _VALID.items()},
            ready={name: bool(row[place]) for name, place in _READY.items()},
            activity=activity,
            clear=bool(row[_PLACE["clear"]]),
            errors=frozenset(name for name, place in _ERRORS.items() if row[place]),
            queued=len(state.queue),
            jobs=len(state.jobs),
            loading=state.loading is not None,
            loads_ahead=state.loading is not None and state.loading is not state.jobs[0],
            vectors=state.vectors,
            result_jobs=sum(job.vectors > 0 for job in state.leaving),
            word=state.word,
            held=self._held,
        )
