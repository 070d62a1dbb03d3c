"""Cover points of jobs among jobs, of commands that are none, and of resets."""

from collections.abc import Iterator

from sim.cover_points import CoverPoint, cases, cross, each
from sim.coverage_events import BadCommand, Cycle, JobDone, Recovery, Step
from sim.coverage_reset import PHASES
from sim.coverage_state import COMMAND_QUEUE, STORE_HALVES

__all__ = ["job_points"]

_GROUP = "jobs"


def job_points() -> Iterator[CoverPoint]:
    """Yield the points."""
    yield from _step_points()
    levels = each(
        range(COMMAND_QUEUE + 1),
        lambda e, level: e.queued == level,
        lambda level: f"{level} commands queued",
    )
    yield CoverPoint(_GROUP, "command queue", Cycle, levels)
    store = {
        "a command offered to a full queue": lambda e: (
            e.valid["commands"] and e.queued == COMMAND_QUEUE
        ),
        "both halves in use, one loads": lambda e: e.jobs == STORE_HALVES and e.loading,
        "both halves full": lambda e: e.jobs == STORE_HALVES and not e.loading,
        "both halves full, another command waits": lambda e: (
            e.jobs == STORE_HALVES and not e.loading and e.queued > 0
        ),
        "loads ahead, no step": lambda e: (
            e.loads_ahead and e.valid["activations"] and e.activity not in (None, "busy")
        ),
        "result buffer full": lambda e: e.vectors == e.geometry.result_slots,
        "results of two jobs": lambda e: e.result_jobs == 2,
        "results of three jobs": lambda e: e.result_jobs >= 3,
    }
    yield cases(_GROUP, "store and result buffer", Cycle, store)
    came = {
        "nothing under way": lambda e: e.came == "idle",
        "only results under way": lambda e: e.came == "draining",
        "jobs under way": lambda e: e.came == "working",
    }
    yield cases(_GROUP, "when a command comes", JobDone, came)
    yield _bad_commands()
    yield CoverPoint(
        "reset",
        "interrupted, and a job came through after it",
        Recovery,
        each(PHASES, lambda e, phase: phase in e.phases),
    )


def _step_points() -> Iterator[CoverPoint]:
    overlaps = {
        "while its own job loads": lambda e: e.own_load,
        "while the next job loads": lambda e: e.next_load,
        "while results of the job before leave": lambda e: e.earlier_results,
        "both": lambda e: e.next_load and e.earlier_results,
    }
    yield cases(_GROUP, "steps that overlap", Step, overlaps)
    tokens = {"M = 1": lambda e: e.command.m == 1, "M > 1": lambda e: e.command.m > 1}
    gaps = {
        "first step right behind another job's last": lambda e: e.after == "other job",
        "first step behind none": lambda e: _first(e) and e.after == "no step",
        "no gap within a job": lambda e: e.after == "same job",
        "a gap within a job": lambda e: not _first(e) and e.after == "no step",
    }
    yield cross(
        "gaps x M", cases(_GROUP, "gaps", Step, gaps), cases(_GROUP, "M of steps", Step, tokens)
    )
    within = {"before a token but the first": lambda e: e.token > 0 and e.after == "no step"}
    yield cases(_GROUP, "gaps within a tile", Step, within)


def _bad_commands() -> CoverPoint:
    reasons = {
        "K = 0": lambda e: e.command.k == 0,
        "N = 0": lambda e: e.command.n == 0,
        "M = 0": lambda e: e.command.m == 0,
        "K = N = M = 0": lambda e: e.command.k == e.command.n == e.command.m == 0,
        "K = max_k + 1": lambda e: e.command.k == e.geometry.max_k + 1,
        "K of all ones": lambda e: (
            e.geometry.max_k < e.command.k == (1 << e.geometry.max_k.bit_length()) - 1
        ),
        "M = max_tokens + 1": lambda e: e.command.m == e.geometry.max_tokens + 1,
    }
    jobs = {
        "alone": lambda e: e.jobs == 0,
        "a job at work": lambda e: e.jobs == 1,
        "both halves in use": lambda e: e.jobs == STORE_HALVES,
    }
    return cross(
        "bad commands",
        cases("commands", "reasons", BadCommand, reasons),
        cases("commands", "jobs", BadCommand, jobs),
    )


def _first(event: Step) -> bool:
    return (event.n_tile, event.k_tile, event.token) == (0, 0, 0)
