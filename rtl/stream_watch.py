"""Watches the rules of the streams that the host drives."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["StreamWatch"]


class StreamWatch(wiring.Component):
    """Notice a host that takes back what it has offered.

    Parameters
    ----------
    streams : int
        Number of streams.

    Members
    -------
    valid, ready : In(streams)
        Of each stream.
    dropped : Out(1)
        A `valid` has fallen before the transfer.
    """

    def __init__(self, streams):
        self._streams = streams
        super().__init__({"valid": In(streams), "ready": In(streams), "dropped": Out(1)})

    def elaborate(self, platform):
        m = Module()
        waiting = Signal(self._streams)
        m.d.sync += waiting.eq(self.valid & ~self.ready)
        m.d.comb += self.dropped.eq((waiting & ~self.valid).any())
        return m
