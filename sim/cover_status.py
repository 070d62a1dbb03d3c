"""Cover points of what the host can read: counters, errors, and clearing them."""

from collections.abc import Iterator

from rtl.counters import ERRORS
from sim.cover_points import CoverPoint, cases, cross, each
from sim.coverage_events import Cycle
from sim.coverage_trace import WAITS

__all__ = ["status_points"]

_GROUP = "status"


def status_points() -> Iterator[CoverPoint]:
    """Yield the points."""
    activities = each((*WAITS, "pipeline", "idle"), lambda e, name: e.activity == name)
    words = {
        "1 word a tile": lambda e: e.geometry.words_per_tile == 1,
        "several words a tile": lambda e: e.geometry.words_per_tile > 1,
    }
    yield cross(
        "what a cycle counts as x words a tile",
        CoverPoint(_GROUP, "activity", Cycle, activities),
        cases(_GROUP, "words", Cycle, words),
    )
    reasons = {
        "no room: the buffer is full": lambda e: e.activity == "output_wait" and _full(e),
        "no room yet, though nothing was ever held back": lambda e: (
            e.activity == "output_wait" and not e.held and not _full(e)
        ),
        "no activation, still loading": lambda e: e.activity == "activation_wait" and e.loading,
        "no activation yet, just loaded": lambda e: (
            e.activity == "activation_wait" and not e.loading
        ),
        "no weights, none of the tile": lambda e: e.activity == "weight_wait" and e.word == 0,
        "no weights, part of the tile": lambda e: e.activity == "weight_wait" and e.word > 0,
    }
    yield cases(_GROUP, "reasons of waiting", Cycle, reasons)
    moments = {
        "remembered while idle": lambda e: e.activity == "idle",
        "remembered in a step": lambda e: e.activity == "busy",
        "cleared": lambda e: e.clear,
    }
    yield cross(
        "errors",
        CoverPoint(_GROUP, "error", Cycle, each(ERRORS, lambda e, name: name in e.errors)),
        cases(_GROUP, "moments", Cycle, moments),
    )
    clear = {
        "while idle": lambda e: e.clear and not (e.queued or e.jobs or e.vectors),
        "while a job is at work": lambda e: e.clear and e.jobs > 0,
        "while only results leave": lambda e: e.clear and not e.jobs and e.vectors > 0,
    }
    yield cases(_GROUP, "clear", Cycle, clear)


def _full(event: Cycle) -> bool:
    return event.vectors == event.geometry.result_slots
