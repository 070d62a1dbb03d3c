"""One output channel of the array: a dot product and its partial sums."""

from amaranth import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.accumulator import Accumulator
from rtl.dot import DotProduct
from rtl.lanes import shared_layout

__all__ = ["Row"]


class Row(wiring.Component):
    """A dot product followed by an accumulator.

    Parameters
    ----------
    geometry : Geometry
        Sizes.

    Members
    -------
    shared : In(shared_layout(geometry))
        The activations, as `Operands` prepares them.
    weights : In(ArrayLayout(2, lanes))
        Two-bit weight codes.
    valid, first, token : In
        The accumulator's control for the sum that leaves the tree in this cycle.
    total : Out(signed(geometry.accumulator_bits))
        Partial sum with that sum included.
    """

    def __init__(self, geometry):
        self._geometry = geometry
        super().__init__({
            "shared": In(shared_layout(geometry)),
            "weights": In(data.ArrayLayout(2, geometry.lanes)),
            "valid": In(1),
            "first": In(1),
            "token": In(geometry.token_bits),
            "total": Out(signed(geometry.accumulator_bits)),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.dot = dot = DotProduct(self._geometry)
        m.submodules.accumulator = accumulator = Accumulator(self._geometry)
        m.d.comb += [
            dot.shared.eq(self.shared),
            dot.weights.eq(self.weights),
            accumulator.sum.eq(dot.sum),
            accumulator.carry.eq(dot.carry),
            accumulator.valid.eq(self.valid),
            accumulator.first.eq(self.first),
            accumulator.token.eq(self.token),
            self.total.eq(accumulator.total),
        ]
        return m
