"""The path that limits the clock: where it begins and ends, and what it spends its time on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["CriticalPath", "read_critical_path"]

_INSIDE = "design."
# Yosys names a cell after the net it drives, and appends what it is and how it got there.
_SUFFIX = re.compile(r"(_(TRELLIS_|SB_|LUT4|CCU2C|DO[AB]?\d|O_|D_|I\d_).*|\$.*|\.\d+\.\d+(_.*)?)$")


@dataclass(frozen=True)
class CriticalPath:
    """The slowest path between two registers.

    Attributes
    ----------
    start, end : str
        Registers or memories, by the names of the design without those of the cells.
    logic_ns : float
        Time in cells: from the clock to the output of the first, through those between, and the
        setup time of the last.
    routing_ns : float
        Time on wires.
    in_wrapper : bool
        Whether both ends belong to the wrapper, so that the path says nothing of the accelerator.
    steps : list of dict
        Each cell and each wire: ``type`` (clk-to-q, logic, routing or setup), ``delay_ns``, and the
        cells ``from`` and ``to``.
    """

    start: str
    end: str
    logic_ns: float
    routing_ns: float
    in_wrapper: bool
    steps: list[dict[str, Any]]

    @property
    def total_ns(self) -> float:
        """Length of the path."""
        return self.logic_ns + self.routing_ns


def read_critical_path(paths: Sequence[dict[str, Any]], clock: str) -> CriticalPath:
    """Return the path from a clock to itself out of the report of nextpnr."""
    edge = f"posedge {clock}"
    found = next(path["path"] for path in paths if path["from"] == path["to"] == edge)
    steps = [
        {
            "type": step["type"],
            "delay_ns": round(step["delay"], 3),
            "from": f"{step['from']['cell']}.{step['from']['port']}",
            "to": f"{step['to']['cell']}.{step['to']['port']}",
        }
        for step in found
    ]
    first, last = found[0]["from"]["cell"], found[-1]["to"]["cell"]
    routing = [step["delay"] for step in found if step["type"] == "routing"]
    return CriticalPath(
        start=_SUFFIX.sub("", first),
        end=_SUFFIX.sub("", last),
        logic_ns=round(sum(step["delay"] for step in found) - sum(routing), 3),
        routing_ns=round(sum(routing), 3),
        in_wrapper=not first.startswith(_INSIDE) and not last.startswith(_INSIDE),
        steps=steps,
    )
