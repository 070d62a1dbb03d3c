"""A small first-in first-out queue between two streams."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["Queue"]


class Queue(wiring.Component):
    """Queue of `depth` items; an item is visible at the output one cycle after it was accepted.

    Neither handshake signal depends on the other side combinationally.

    Parameters
    ----------
    shape : shape-like
        Shape of an item.
    depth : int
        Items held at the most.

    Members
    -------
    i : In(stream.Signature(shape))
        Items in.
    o : Out(stream.Signature(shape))
        Items out, in order.
    level : Out(range(depth + 1))
        Items held.

    Raises
    ------
    TypeError
        If `depth` is not a positive integer.
    """

    def __init__(self, shape, *, depth):
        if not isinstance(depth, int) or depth < 1:
            raise TypeError(f"Queue depth must be a positive integer, not {depth!r}")
        self._shape = shape
        self._depth = depth
        super().__init__({
            "i": In(stream.Signature(shape)),
            "o": Out(stream.Signature(shape)),
            "level": Out(range(depth + 1)),
        })

    @property
    def depth(self):
        """Items held at the most."""
        return self._depth

    def elaborate(self, platform):
        m = Module()
        m.submodules.items = items = Memory(shape=self._shape, depth=self._depth, init=[])
        write, read = items.write_port(), items.read_port(domain="comb")
        put, get = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(self.level != self._depth),
            self.o.valid.eq(self.level != 0),
            self.o.payload.eq(read.data),
            put.eq(self.i.valid & self.i.ready),
            get.eq(self.o.valid & self.o.ready),
            write.en.eq(put),
            write.data.eq(self.i.payload),
        ]
        m.d.sync += self.level.eq(self.level + put - get)
        for enable, address in ((put, write.addr), (get, read.addr)):
            with m.If(enable):
                m.d.sync += address.eq(Mux(address == self._depth - 1, 0, address + 1))
        return m
