"""The partial sums of one row of a multiplier array, one for each token."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl.pipeline import delay

__all__ = ["PartialSums", "token_bits"]


def token_bits(max_tokens):
    """Return the width of a token's number; at least 1, so that no port is empty."""
    return max(1, (max_tokens - 1).bit_length())


class PartialSums(wiring.Component):
    """Hold the sums over the K tiles so far, for up to `max_tokens` tokens in turn.

    The storage of `Accumulator`, with the addition left to the row: integers and floating point
    differ in nothing else. The first sum of a token is added to zero, not to what was kept.

    Parameters
    ----------
    shape : shape-like
        Shape of a sum; zero is all bits 0.
    max_tokens : int
        Number of sums.
    latency : int
        Cycles that the addition takes. A token's next sum must come later than its total.

    Members
    -------
    valid : In(1)
        Keep `total` when it is there.
    first : In(1)
        This is the first sum of its token and output tile.
    token : In(token_bits(max_tokens))
        Which sum.
    partial : Out(shape)
        The sum so far, zero if `first`, in the same cycle.
    total : In(shape)
        The sum to keep, `latency` cycles later.
    """

    def __init__(self, *, shape, max_tokens, latency=0):
        self._shape = shape
        self._max_tokens = max_tokens
        self._latency = latency
        super().__init__({
            "valid": In(1),
            "first": In(1),
            "token": In(token_bits(max_tokens)),
            "partial": Out(shape),
            "total": In(shape),
        })

    def elaborate(self, platform):
        m = Module()
        kept = Signal(self._shape, reset_less=True)
        valid = delay(m, self.valid, self._latency, name="valid")
        token = delay(m, self.token, self._latency, name="token")
        if self._max_tokens == 1:
            with m.If(valid):
                m.d.sync += kept.eq(self.total)
        else:
            m.submodules.sums = sums = Memory(shape=self._shape, depth=self._max_tokens, init=[])
            write, read = sums.write_port(), sums.read_port(domain="comb")
            m.d.comb += [
                read.addr.eq(self.token),
                kept.eq(read.data),
                write.addr.eq(token),
                write.data.eq(self.total),
                write.en.eq(valid),
            ]
        with m.If(~self.first):
            m.d.comb += self.partial.eq(kept)
        return m
