"""One output channel of an INT8 array: a dot product and its int32 partial sums."""

from amaranth import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.geometry import ACTIVATION_BITS, RESULT_BITS
from rtl.int8_dot import Int8Dot
from rtl.partial_sums import PartialSums, token_bits

__all__ = ["Int8Row"]


class Int8Row(wiring.Component):
    """An INT8 dot product followed by an int32 accumulator, the baseline of `Row`.

    Exact for up to 131071 products: only 131072 products of -128 and -128 reach 2**31.

    Parameters
    ----------
    lanes, tree_register_every, product_register
        As `Int8Dot` takes them.
    max_tokens : int
        Number of partial sums.

    Members
    -------
    activations, weights : In(ArrayLayout(signed(8), lanes))
        Operands.
    valid, first, token : In
        Control of `PartialSums` for the sum that leaves the tree in this cycle.
    total : Out(signed(32))
        Partial sum with that sum included.
    """

    def __init__(self, *, lanes, tree_register_every, product_register, max_tokens):
        self._dot = Int8Dot(
            lanes=lanes,
            tree_register_every=tree_register_every,
            product_register=product_register,
        )
        self._max_tokens = max_tokens
        operands = data.ArrayLayout(signed(ACTIVATION_BITS), lanes)
        super().__init__({
            "activations": In(operands),
            "weights": In(operands),
            "valid": In(1),
            "first": In(1),
            "token": In(token_bits(max_tokens)),
            "total": Out(signed(RESULT_BITS)),
        })

    @property
    def dot_latency(self):
        """Cycles from activations and weights to the sum that leaves the tree."""
        return self._dot.latency

    @property
    def step_interval(self):
        """Cycles from a step to the next one of the same partial sum, at least."""
        return 1

    def elaborate(self, platform):
        m = Module()
        m.submodules.dot = dot = self._dot
        m.submodules.partials = partials = PartialSums(
            shape=signed(RESULT_BITS), max_tokens=self._max_tokens
        )
        m.d.comb += [
            dot.activations.eq(self.activations),
            dot.weights.eq(self.weights),
            partials.valid.eq(self.valid),
            partials.first.eq(self.first),
            partials.token.eq(self.token),
            partials.total.eq(self.total),
            self.total.eq(partials.partial + dot.sum),
        ]
        return m
