"""Cover points of flow: what each stream does, and what does meanwhile what."""

from collections.abc import Iterator

from sim.cover_points import CoverPoint, cases, cross, each
from sim.coverage_events import Cycle, JobDone, Transfer
from sim.coverage_trace import STREAMS

__all__ = ["flow_points"]

_GROUP = "flow"
_STATES = {
    (True, True): "moves",
    (True, False): "stands",
    (False, True): "starves",
    (False, False): "rests",
}
"""What a stream does, by `valid` and `ready`."""

_SPANS = {"0": range(1), "1": range(1, 2), "2-9": range(2, 10), "10+": range(10, 1 << 30)}
"""Numbers of cycles."""


def flow_points() -> Iterator[CoverPoint]:
    """Yield the points."""
    yield cross("weights x results", _stream("weights"), _stream("results"))
    yield cross("commands x activations", _stream("commands"), _stream("activations"))
    yield cross("weights x activations", _stream("weights"), _stream("activations"))
    for stream in STREAMS:
        waited = _length(stream, "waited")
        yield cross(f"{stream}: waits x idle cycles before", waited, _length(stream, "idle"))
    yield _job_flow()


def _job_flow() -> CoverPoint:
    """Return how the weights of a whole job came and how its results were taken, by size."""
    weights = {
        "weights always there": lambda e: e.weight_idle == 0,
        "weights mostly there": lambda e: 0 < e.weight_idle < 0.5,
        "weights mostly idle": lambda e: e.weight_idle >= 0.5,
    }
    results = {
        "results always taken": lambda e: e.result_held == 0,
        "results mostly taken": lambda e: 0 < e.result_held < 0.5,
        "results mostly held back": lambda e: e.result_held >= 0.5,
    }
    tokens = {"M = 1": lambda e: e.command.m == 1, "M > 1": lambda e: e.command.m > 1}
    words = {
        "1 word": lambda e: e.geometry.words_per_tile == 1,
        "several words": lambda e: e.geometry.words_per_tile > 1,
    }
    return cross(
        "jobs: weight flow x result flow x M x words",
        cross(
            "flow",
            cases(_GROUP, "weights", JobDone, weights),
            cases(_GROUP, "results", JobDone, results),
        ),
        cross("size", cases(_GROUP, "M", JobDone, tokens), cases(_GROUP, "words", JobDone, words)),
    )


def _stream(name: str) -> CoverPoint:
    bins = each(
        _STATES,
        lambda e, flow: (e.valid[name], e.ready[name]) == flow,
        lambda flow: f"{name} {_STATES[flow]}",
    )
    return CoverPoint(_GROUP, name, Cycle, bins)


def _length(stream: str, field: str) -> CoverPoint:
    word = {"waited": "waits", "idle": "idle"}[field]
    bins = each(
        _SPANS,
        lambda e, span: e.stream == stream and getattr(e, field) in _SPANS[span],
        lambda span: f"{word} {span}",
    )
    return CoverPoint(_GROUP, field, Transfer, bins)
