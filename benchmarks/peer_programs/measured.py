"""How an evaluation is timed, be it of this project or of another tool.

Programs beside this file run under interpreters that have only the tool that they evaluate:
nothing here is imported from the project, nor from any package.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Timing", "answer", "fastest", "peak_rss_bytes"]

MOST_RUNS = 3
ENOUGH_S = 10.0


@dataclass(frozen=True)
class Timing:
    """The fastest of some runs of the same work.

    Parameters
    ----------
    runs : int
        How often it ran.
    total_s : float
        Time of all runs.
    wall_s, processor_s : float
        Of the run that took the least processor time.
    result : object
        What the last run returned.
    """

    runs: int
    total_s: float
    wall_s: float
    processor_s: float
    result: Any


def fastest(work: Callable[[], Any]) -> Timing:
    """Run work up to three times, and no more once ten seconds are over.

    Repetitions are a favour to tools that keep something from one evaluation to the next.
    """
    times: list[tuple[float, float]] = []
    start = time.perf_counter()
    while len(times) < MOST_RUNS and time.perf_counter() - start < ENOUGH_S:
        wall, processor = time.perf_counter(), time.process_time()
        result = work()
        times.append((time.process_time() - processor, time.perf_counter() - wall))
    processor_s, wall_s = min(times)
    return Timing(len(times), time.perf_counter() - start, wall_s, processor_s, result)


def peak_rss_bytes() -> int | None:
    """Return the most memory that this process has had; None where the system does not say.

    ``getrusage`` would do everywhere, but what it says of a process begins with the size of the
    one that started it.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def answer(evaluate: Callable[[dict[str, Any]], dict[str, float]]) -> None:
    """Evaluate what the first argument's file asks, and write times and result into the second's.

    The file has two questions, ``warm_up`` and ``asked``: whatever a tool loads or compiles when
    it is first used is not part of an evaluation.
    """
    question, written = (Path(argument) for argument in sys.argv[1:3])
    questions = json.loads(question.read_text())
    start = time.perf_counter()
    evaluate(questions["warm_up"])
    warm_up_s = time.perf_counter() - start
    timing = fastest(lambda: evaluate(questions["asked"]))
    figures = {"warm_up_s": warm_up_s, "peak_rss_bytes": peak_rss_bytes(), **asdict(timing)}
    written.write_text(json.dumps(figures))
