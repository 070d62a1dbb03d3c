"""The partial sums of one row, one for each token that shares the weight tile."""

from amaranth import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl.adder_tree import add

__all__ = ["Accumulator"]


class Accumulator(wiring.Component):
    """Add the sums of successive K tiles, for up to `max_tokens` tokens in turn.

    Parameters
    ----------
    geometry : Geometry
        Widths and number of tokens.

    Members
    -------
    sum : In(signed(geometry.sum_bits))
        Sum of one K tile.
    carry : In(1)
        To be added to `sum`.
    valid : In(1)
        There is a sum in this cycle.
    first : In(1)
        It is the first of its token and output tile: start from zero.
    token : In(geometry.token_bits)
        Which partial sum it belongs to.
    total : Out(signed(geometry.accumulator_bits))
        Partial sum with this sum included, in the same cycle.
    """

    def __init__(self, geometry):
        self._geometry = geometry
        super().__init__({
            "sum": In(signed(geometry.sum_bits)),
            "carry": In(1),
            "valid": In(1),
            "first": In(1),
            "token": In(geometry.token_bits),
            "total": Out(signed(geometry.accumulator_bits)),
        })

    def elaborate(self, platform):
        m = Module()
        shape = signed(self._geometry.accumulator_bits)
        partial = Signal(shape)
        if self._geometry.max_tokens == 1:
            kept = Signal(shape, reset_less=True)
            m.d.comb += partial.eq(kept)
            with m.If(self.valid):
                m.d.sync += kept.eq(self.total)
        else:
            m.submodules.partials = partials = Memory(
                shape=shape, depth=self._geometry.max_tokens, init=[]
            )
            write, read = partials.write_port(), partials.read_port(domain="comb")
            m.d.comb += [
                read.addr.eq(self.token),
                partial.eq(read.data),
                write.addr.eq(self.token),
                write.data.eq(self.total),
                write.en.eq(self.valid),
            ]
        m.d.comb += self.total.eq(add(Mux(self.first, 0, partial), self.sum, self.carry))
        return m
