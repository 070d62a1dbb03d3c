"""Evaluators for tests of `explore`: they take their time, leave a trace, and some points are bad.

Their functions are called in other processes, so this is a module: it is imported there by name.
"""

import os
import signal
import time
from collections import Counter
from pathlib import Path

from bitnet_hw.errors import ToolMissing

KILLER, BROKEN = 666, 13
"""Values of ``batch``: the point kills its process, raises an error."""

SWEEP = """\
evaluate: simulate
base: tiny
shapes: [2x20x9, 1x64x8]
sweep: {batch: [BATCHES]}
objectives: {answer: max}
"""


def trace(text):
    """Append a line to the trace; lines of several processes do not mix."""
    descriptor = os.open(os.environ["SLOW_POINTS_TRACE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{text} {os.getpid()}\n".encode())
    os.close(descriptor)


def answer(point):
    """Take some time."""
    batch = point.workload["batch"]
    trace(f"begin {batch}")
    time.sleep(float(os.environ.get("SLOW_POINTS_SECONDS", "0")))
    if batch == KILLER:
        os.kill(os.getpid(), signal.SIGKILL)
    if batch == BROKEN:
        raise ZeroDivisionError("division by zero")
    trace(f"end {batch}")
    return {"answer": 42 * batch, "of": {"life": 1.5}}


def refuse(point):
    """Say that there is nothing to do it with."""
    raise ToolMissing("Simulation needs Verilator")


def simulation(point):
    """Simulate, and then take some time."""
    from bitnet_hw.simulate_point import simulation_fields

    return {**simulation_fields(point), **answer(point)}


class Trace:
    """What the evaluators have done so far."""

    def __init__(self, path):
        self.path = Path(path)

    def lines(self):
        text = self.path.read_text() if self.path.exists() else ""
        return [line.split() for line in text.splitlines()]

    def count(self, event):
        """Return how often each point began or ended."""
        return Counter(int(batch) for name, batch, _ in self.lines() if name == event)

    def busy(self):
        """Return the processes that are in the middle of a point."""
        busy = {}
        for event, batch, process in self.lines():
            if event == "begin":
                busy[int(process)] = int(batch)
            else:
                busy.pop(int(process), None)
        return busy

    def wait_until(self, condition, seconds=120):
        deadline = time.monotonic() + seconds
        while not condition(self):
            assert time.monotonic() < deadline, self.lines()
            time.sleep(0.02)
