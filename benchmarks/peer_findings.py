"""What tools took for their evaluations, and what follows from it: ratios, and equal cycles."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from benchmarks.peer_list import PEERS, WHOLE_MODEL
from benchmarks.peer_programs.measured import fastest
from benchmarks.systolic_cycles import SYSTOLIC_CYCLES

__all__ = ["ALONE", "SWEPT", "Evaluation", "closed_forms", "ratios"]

ALONE, SWEPT = "ours, alone", "ours, swept"
SYSTOLIC_SIZE = 32
CLOSED_FORM_RUNS = 10_000


@dataclass(frozen=True)
class Evaluation:
    """What one tool took for one question, or why it did not answer.

    Parameters
    ----------
    tool, question : str
        Who was asked what.
    error : str, optional
        Why there are no figures.
    start_up_s, warm_up_s : float, optional
        Of the tool's process, before what is measured: wall time.
    runs : int, optional
        Evaluations of which the fastest counts.
    wall_s, processor_s : float, optional
        Of one evaluation.
    peak_rss_bytes : int, optional
        The most memory that the process had.
    result : dict
        What the tool says: cycles, seconds, energy in J.
    """

    tool: str
    question: str
    error: str | None = None
    start_up_s: float | None = None
    warm_up_s: float | None = None
    runs: int | None = None
    wall_s: float | None = None
    processor_s: float | None = None
    peak_rss_bytes: int | None = None
    result: Mapping[str, float] = field(default_factory=dict)


def closed_forms(rows: Sequence[Evaluation]) -> Iterator[dict[str, Any]]:
    """Yield the cycles that SCALE-Sim counted, and those of the closed form."""
    dataflows = {peer.title: peer.settings.get("dataflow") for peer in PEERS.values()}
    for row in rows:
        dataflow = dataflows.get(row.tool)
        if dataflow is not None and row.error is None:
            k, n = map(int, row.question.split("x"))
            cycles, seconds = _timed_closed_form(dataflow, k, n)
            yield {
                "tool": row.tool,
                "question": row.question,
                "cycles": row.result["cycles"],
                "closed_form": cycles,
                "equal": row.result["cycles"] == cycles,
                "closed_form_s": seconds,
            }


def _timed_closed_form(dataflow: str, k: int, n: int) -> tuple[int, float]:
    """Return the cycles of one token by the closed form, and the time that it takes."""
    work = partial(SYSTOLIC_CYCLES[dataflow], SYSTOLIC_SIZE, SYSTOLIC_SIZE, 1, k, n)
    timing = fastest(lambda: [work() for _ in range(CLOSED_FORM_RUNS)])
    return work(), timing.processor_s / CLOSED_FORM_RUNS


def ratios(rows: Sequence[Evaluation]) -> Iterator[dict[str, Any]]:
    """Yield how many evaluations of ours fit into each one of theirs."""
    swept = {row.question: row.processor_s for row in rows if row.tool == SWEPT}
    for row in rows:
        if row.tool != SWEPT and row.processor_s is not None:
            layer = None if row.question == WHOLE_MODEL else swept[row.question]
            yield {
                "tool": row.tool,
                "question": row.question,
                "same_layer": None if layer is None else row.processor_s / layer,
                "whole_model": row.processor_s / swept[WHOLE_MODEL],
            }
