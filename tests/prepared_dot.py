"""A dot product behind what prepares its activations, as the array has them."""

from amaranth import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.dot import DotProduct
from rtl.geometry import ACTIVATION_BITS
from rtl.lanes import Operands


class PreparedDot(wiring.Component):
    """Operands enter through one register; the sum comes `latency` cycles after them."""

    def __init__(self, geometry):
        self._geometry = geometry
        self.latency = 1 + geometry.tree_latency
        super().__init__({
            "activations": In(data.ArrayLayout(signed(ACTIVATION_BITS), geometry.lanes)),
            "weights": In(data.ArrayLayout(2, geometry.lanes)),
            "sum": Out(signed(geometry.sum_bits)),
            "carry": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.operands = operands = Operands(self._geometry)
        m.submodules.dot = dot = DotProduct(self._geometry)
        weights = Signal.like(self.weights.as_value())
        m.d.sync += weights.eq(self.weights)
        m.d.comb += [
            operands.activations.eq(self.activations),
            operands.load.eq(1),
            dot.shared.eq(operands.shared),
            dot.weights.eq(weights),
            self.sum.eq(dot.sum),
            self.carry.eq(dot.carry),
        ]
        return m
