"""The accelerator with its four streams connected: drivers, checkers, monitors and scoreboard.

Imported inside the simulator only.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from golden.matmul import ternary_matmul
from rtl.counters import COUNTERS, ERRORS
from rtl.geometry import Geometry
from rtl.job import Job
from sim.bench import ClockedBench
from sim.operands import JobOperands
from sim.packing import activation_words, weight_words
from sim.pauses import Pattern
from sim.payloads import command_word
from sim.scoreboard import Scoreboard
from sim.stream import StreamChecker, StreamMonitor, StreamPort, StreamSink, StreamSource

__all__ = ["STREAMS", "AcceleratorBench", "golden_reference"]

Int8s = NDArray[np.int8]

STREAMS = ("commands", "activations", "weights", "results")

# Tiles are small: a second thread costs more than it gives, and the machine may have other work.
torch.set_num_threads(1)


def golden_reference(activations: NDArray[np.int8], weights: NDArray[np.int8]) -> NDArray[np.int32]:
    """Multiply with the golden model."""
    product = ternary_matmul(torch.from_numpy(activations), torch.from_numpy(weights))
    result: NDArray[np.int32] = product.numpy()
    return result


class AcceleratorBench:
    """Bench of one accelerator; `attach` begins a scenario.

    Parameters
    ----------
    dut : cocotb handle
        The accelerator.
    geometry : Geometry
        Its parameters.

    Attributes
    ----------
    scoreboard : Scoreboard
        Of the scenario.
    ports : dict of StreamPort
        The four streams.
    start, end : int or None
        Cycles of the first command and of the last result beat.
    """

    def __init__(self, dut: Any, geometry: Geometry) -> None:
        self._dut = dut
        self._geometry = geometry
        self._loop = ClockedBench(dut)
        dut.clear.value = 0
        self.attach()

    def attach(
        self,
        *,
        pauses: Mapping[str, Pattern] | None = None,
        rate: tuple[int, int] | None = None,
        noise: random.Random | None = None,
        take_back: Mapping[str, Pattern] | None = None,
    ) -> None:
        """Connect new drivers and observers, with nothing to send yet.

        Parameters
        ----------
        pauses : mapping
            Pattern of idle cycles, or for ``"results"`` of back-pressure; streams without one never
            pause.
        rate : (int, int)
            Words and cycles of the weight memory; see `StreamSource`.
        noise : random.Random
            Draws payloads for idle cycles, and turns on the checkers of the streams that this bench
            itself drives.
        take_back : mapping
            Pattern of cycles in which offered items are taken back, against the rules.
        """
        pauses, take_back = pauses or {}, take_back or {}
        self.ports = {name: StreamPort(self._dut, name) for name in STREAMS}
        self.scoreboard = scoreboard = Scoreboard(self._geometry, golden_reference)
        self.start: int | None = None
        self.end: int | None = None
        self._sources = {
            name: StreamSource(
                self.ports[name],
                pause=pauses.get(name),
                rate=rate if name == "weights" else None,
                idle_payload=_noise(self.ports[name], noise),
                take_back=take_back.get(name),
            )
            for name in STREAMS[:3]
        }
        sink = StreamSink(self.ports["results"], pause=pauses.get("results"))
        callbacks: dict[str, Callable[[int], None]] = {
            "commands": self._on_command,
            "activations": scoreboard.on_activation,
            "weights": scoreboard.on_weight,
            "results": self._on_result,
        }
        checked = STREAMS if noise is not None else ("results",)
        self._loop.connect(
            ports=list(self.ports.values()),
            drivers=[*self._sources.values(), sink],
            observers=[
                *(StreamMonitor(self.ports[name], callbacks[name]) for name in STREAMS),
                *(StreamChecker(self.ports[name]) for name in checked),
            ],
        )

    def send(
        self, operands: Iterable[JobOperands], padding: np.random.Generator | None = None
    ) -> None:
        """Queue jobs with their data; see `pack_weights` for `padding`."""
        for item in operands:
            words = weight_words(self._geometry, item.weights, padding)
            self.send_given(item.job, item.activations, words, padding)

    def send_words(self, stream: str, words: Iterable[int]) -> None:
        """Queue payloads on one stream."""
        self._sources[stream].send(words)

    def send_given(
        self,
        job: Job,
        activations: Int8s,
        words: Iterable[int],
        padding: np.random.Generator | None = None,
    ) -> None:
        """Queue a job with these words of weights; see `pack_activations` for `padding`."""
        command = command_word(self._geometry, k=job.k, n=job.n, m=job.m, flags=job.flags)
        self.send_words("commands", [command])
        self.send_words("activations", activation_words(self._geometry, activations, padding))
        self.send_words("weights", words)

    def check(self) -> None:
        """Raise AssertionError if a result was wrong, or something is left over."""
        problems = self.scoreboard.finish()
        assert not problems, "\n".join(problems)

    @property
    def taken_back(self) -> int:
        """Items of all streams that have been taken back."""
        return sum(source.taken_back for source in self._sources.values())

    async def reset(self) -> None:
        """Reset the accelerator."""
        await self._loop.reset()

    async def run(
        self, until: Callable[[], bool] | None = None, *, stall_limit: int = 5000
    ) -> None:
        """Run until everything is sent and every result has come, or until a condition holds."""
        try:
            await self._loop.run(self.finished if until is None else until, stall_limit=stall_limit)
        except AssertionError as error:
            # What the scoreboard waits for tells more than that nothing moves.
            raise AssertionError("\n".join([str(error), *self.scoreboard.finish()])) from None

    async def skip(self, cycles: int = 1) -> None:
        """Run a number of cycles."""
        end = self._loop.cycle + cycles
        await self._loop.run(lambda: self._loop.cycle >= end, stall_limit=cycles)

    async def clear(self) -> None:
        """Clear counters and errors."""
        self._dut.clear.value = 1
        await self.skip()
        self._dut.clear.value = 0
        await self.skip()

    def status(self) -> dict[str, int]:
        """Return counters, errors and `idle`, as they were before the last clock edge."""
        return {
            name: int(self._dut[f"status__{name}"].value) for name in ("idle", *COUNTERS, *ERRORS)
        }

    def finished(self) -> bool:
        """Return whether everything is sent and every result has come."""
        return self.scoreboard.idle and all(source.done for source in self._sources.values())

    def _on_command(self, word: int) -> None:
        if self.start is None:
            self.start = self._loop.cycle
        self.scoreboard.on_command(word)

    def _on_result(self, word: int) -> None:
        self.end = self._loop.cycle
        self.scoreboard.on_result(word)


def _noise(port: StreamPort, rng: random.Random | None) -> Callable[[], int] | None:
    if rng is None:
        return None
    bits = len(port.payload_handle)
    return lambda: rng.getrandbits(bits)
