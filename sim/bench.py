"""What every bench has: parameters, a report, a clock, a reset, and a loop over cycles.

Imported inside the simulator only.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from sim.runner import PARAMETERS_VARIABLE
from sim.stream import StreamPort

__all__ = ["ClockedBench", "Driver", "Observer", "parameters", "report", "seed"]

CLOCK_PERIOD_NS = 10


class Driver(Protocol):
    """Sets inputs of the design at the beginning of each cycle."""

    def drive(self) -> None:
        """Set inputs for the cycle that begins."""


class Observer(Protocol):
    """Looks at the design at the end of each cycle."""

    def observe(self) -> None:
        """Look at the cycle that ends."""


def _request() -> dict[str, Any]:
    text = Path(os.environ[PARAMETERS_VARIABLE]).read_text(encoding="utf-8")
    request: dict[str, Any] = json.loads(text)
    return request


def parameters() -> dict[str, Any]:
    """Return the parameters that the caller of `sim.runner.run` gave."""
    values: dict[str, Any] = _request()["parameters"]
    return values


def seed() -> int:
    """Return the seed of the run."""
    return int(_request()["seed"])


def report(data: Mapping[str, Any]) -> None:
    """Add to what the caller of `sim.runner.run` gets back."""
    path = Path(_request()["report"])
    earlier = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    path.write_text(json.dumps(earlier | dict(data)), encoding="utf-8")


class ClockedBench:
    """Drivers and observers around a design with one clock, all stepped by one loop.

    One loop instead of a coroutine for each part: it is faster, everything starts in the same
    cycle, and what one part sees does not depend on the order in which coroutines wake.

    Parameters
    ----------
    dut : cocotb handle
        The design, with ports `clk` and `rst`.

    Attributes
    ----------
    cycle : int
        Cycles run since the last reset.
    """

    def __init__(self, dut: Any) -> None:
        self._dut = dut
        self._ports: list[StreamPort] = []
        self._drivers: list[Driver] = []
        self._observers: list[Observer] = []
        self.cycle = 0
        # The first edge comes half a period after the inputs have their first values.
        Clock(dut.clk, CLOCK_PERIOD_NS, unit="ns").start(start_high=False)

    def connect(
        self,
        *,
        ports: Sequence[StreamPort] = (),
        drivers: Sequence[Driver] = (),
        observers: Sequence[Observer] = (),
    ) -> None:
        """Replace all parts."""
        self._ports = list(ports)
        self._drivers = list(drivers)
        self._observers = list(observers)

    async def reset(self, cycles: int = 2) -> None:
        """Hold the design in reset; nothing is driven or observed meanwhile."""
        self._dut.rst.value = 1
        for _ in range(cycles):
            await RisingEdge(self._dut.clk)
        self._dut.rst.value = 0
        self.cycle = 0

    async def run(self, until: Callable[[], bool], *, stall_limit: int = 5000) -> None:
        """Run cycles until a condition holds.

        Parameters
        ----------
        until : callable
            Asked after each cycle.
        stall_limit : int
            Cycles without a transfer on any stream after which the design is taken for dead.

        Raises
        ------
        AssertionError
            If there is no transfer for that long.
        """
        clock_edge = RisingEdge(self._dut.clk)
        last_transfer = self.cycle
        while True:
            for driver in self._drivers:
                driver.drive()
            await clock_edge
            for port in self._ports:
                port.sample()
                if port.transferred:
                    last_transfer = self.cycle
            for observer in self._observers:
                observer.observe()
            self.cycle += 1
            if until():
                return
            assert self.cycle - last_transfer <= stall_limit, (
                f"No transfer on any stream for {stall_limit} cycles, "
                f"after transfers { ({port.name: port.transfers for port in self._ports}) }"
            )
