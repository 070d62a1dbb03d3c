"""Drivers and observers of valid/ready streams, inside the simulator.

The rules are those of Amaranth's streams (its documentation of ``amaranth.lib.stream``): a transfer
happens in each cycle with `valid` and `ready`; a producer that has asserted `valid` keeps it and
the payload until the transfer.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sim.pauses import Pattern, never

__all__ = ["StreamChecker", "StreamMonitor", "StreamPort", "StreamSink", "StreamSource"]


class StreamPort:
    """One stream of the design, sampled at each clock edge before anything changes.

    Parameters
    ----------
    dut : cocotb handle
        The design.
    name : str
        Prefix of the ports: ``<name>__payload``, ``<name>__valid``, ``<name>__ready``.

    Attributes
    ----------
    valid, ready : bool
        As sampled.
    transfers : int
        Transfers so far.
    """

    def __init__(self, dut: Any, name: str) -> None:
        self.name = name
        self.payload_handle = dut[f"{name}__payload"]
        self.valid_handle = dut[f"{name}__valid"]
        self.ready_handle = dut[f"{name}__ready"]
        self.valid = False
        self.ready = False
        self.transfers = 0
        self._payload: int | None = None

    @property
    def transferred(self) -> bool:
        """Whether the sampled cycle was a transfer."""
        return self.valid and self.ready

    @property
    def payload(self) -> int:
        """Payload in the sampled cycle; to be read before the next change only."""
        if self._payload is None:
            self._payload = self._resolve(self.payload_handle, "payload")
        return self._payload

    def sample(self) -> None:
        """Read `valid` and `ready`."""
        self.valid = bool(self._resolve(self.valid_handle, "valid"))
        self.ready = bool(self._resolve(self.ready_handle, "ready"))
        self.transfers += self.valid and self.ready
        self._payload = None

    def _resolve(self, handle: Any, what: str) -> int:
        value = handle.value
        try:
            return int(value)
        except ValueError:
            raise AssertionError(f"{self.name}: {what} is {value}") from None


class StreamSource:
    """Driver of an input stream: offers items in order, each until it is taken.

    Parameters
    ----------
    port : StreamPort
        The stream.
    pause : iterator of bool
        Asked in each cycle in which a new item could be offered.
    rate : (int, int)
        ``(a, b)``: item number u, from 0, is not offered before cycle ``ceil(u * b / a)``; cycles
        count from the first call of `drive`. That is a memory that delivers a words every b cycles
        and runs ahead.
    idle_payload : callable
        Gives the payload for cycles in which nothing is offered, to show that the design does not
        look at it; without it the payload stays as it was.
    take_back : iterator of bool
        Asked in each cycle in which an item has been offered and not taken: True takes it back,
        against the rules, to be offered again later.

    Attributes
    ----------
    taken_back : int
        Items so far.
    """

    def __init__(
        self,
        port: StreamPort,
        *,
        pause: Pattern | None = None,
        rate: tuple[int, int] | None = None,
        idle_payload: Callable[[], int] | None = None,
        take_back: Pattern | None = None,
    ) -> None:
        self.taken_back = 0
        self._port = port
        self._take_back = never() if take_back is None else take_back
        self._offered = 0
        self._pause = never() if pause is None else pause
        self._rate = rate
        self._idle_payload = idle_payload
        self._batches: deque[Iterator[int]] = deque()
        self._next: int | None = None
        self._index = 0
        self._cycle = 0
        self._offering = False
        port.valid_handle.value = 0

    @property
    def done(self) -> bool:
        """Whether all items have been taken, as far as has been sampled."""
        return self._peek() is None and (not self._offering or self._port.transferred)

    def send(self, items: Iterable[int]) -> None:
        """Append items; they are drawn from the iterable only as they are needed."""
        self._batches.append(iter(items))

    def drive(self) -> None:
        """Set the stream for the cycle that begins."""
        again = self._offering and not self._port.transferred and next(self._take_back)
        if again:
            self._return_item()
        if again or not self._offering or self._port.transferred:
            offer = not again and self._peek() is not None and self._due() and not next(self._pause)
            if offer:
                assert self._next is not None
                self._port.payload_handle.value = self._offered = self._next
                self._next = None
                self._index += 1
            elif self._idle_payload is not None:
                self._port.payload_handle.value = self._idle_payload()
            if offer != self._offering:
                self._port.valid_handle.value = int(offer)
            self._offering = offer
        self._cycle += 1

    def _return_item(self) -> None:
        """Put the offered item before all others."""
        later = [] if self._next is None else [self._next]
        self._batches.appendleft(iter([self._offered, *later]))
        self._next = None
        self._index -= 1
        self.taken_back += 1

    def _peek(self) -> int | None:
        while self._next is None and self._batches:
            self._next = next(self._batches[0], None)
            if self._next is None:
                self._batches.popleft()
        return self._next

    def _due(self) -> bool:
        if self._rate is None:
            return True
        words, cycles = self._rate
        return self._cycle * words >= self._index * cycles


class StreamSink:
    """Receiver of an output stream: ready whenever its pattern does not pause.

    Parameters
    ----------
    port : StreamPort
        The stream.
    pause : iterator of bool
        Asked in each cycle.
    """

    def __init__(self, port: StreamPort, *, pause: Pattern | None = None) -> None:
        self._port = port
        self._pause = never() if pause is None else pause
        self._ready = False
        port.ready_handle.value = 0

    def drive(self) -> None:
        """Set the stream for the cycle that begins."""
        ready = not next(self._pause)
        if ready != self._ready:
            self._port.ready_handle.value = int(ready)
            self._ready = ready


class StreamMonitor:
    """Passive observer: hands the payload of each transfer to a function."""

    def __init__(self, port: StreamPort, callback: Callable[[int], None]) -> None:
        self._port = port
        self._callback = callback

    def observe(self) -> None:
        """Look at the sampled cycle."""
        if self._port.transferred:
            self._callback(self._port.payload)


class StreamChecker:
    """Passive observer: raises AssertionError when a stream breaks the producer's rules."""

    def __init__(self, port: StreamPort) -> None:
        self._port = port
        self._stalled_payload: int | None = None

    def observe(self) -> None:
        """Look at the sampled cycle."""
        port = self._port
        if self._stalled_payload is not None:
            assert port.valid, f"{port.name}: valid fell before the transfer"
            assert port.payload == self._stalled_payload, (
                f"{port.name}: payload changed before the transfer, "
                f"from {self._stalled_payload:#x} to {port.payload:#x}"
            )
        self._stalled_payload = port.payload if port.valid and not port.ready else None
