"""The dot product of one row: ternary weights select among +x, 0 and -x, a tree adds."""

from amaranth import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.adder_tree import AdderTree
from rtl.geometry import ACTIVATION_BITS

__all__ = ["DotProduct"]


class DotProduct(wiring.Component):
    """Sum of `lanes` products of an int8 activation and a ternary weight.

    A lane never negates: -x is the complement of x plus one, and that one is a carry of the tree.
    So a lane is one AND and one XOR for each bit, and an activation of -128 stays exact.

    Parameters
    ----------
    geometry : Geometry
        Number of lanes, and where the tree holds registers.

    Members
    -------
    activations : In(ArrayLayout(signed(8), lanes))
        Activations x.
    weights : In(ArrayLayout(2, lanes))
        Two-bit weight codes: bit 0 for +1, bit 1 for -1, never both.
    sum : Out(signed(geometry.sum_bits))
        With `carry` added, the dot product, `latency` cycles later.
    carry : Out(1)
        To be added to `sum`.
    """

    def __init__(self, geometry):
        self._geometry = geometry
        super().__init__({
            "activations": In(data.ArrayLayout(signed(ACTIVATION_BITS), geometry.lanes)),
            "weights": In(data.ArrayLayout(2, geometry.lanes)),
            "sum": Out(signed(geometry.sum_bits)),
            "carry": Out(1),
        })

    @property
    def latency(self):
        """Cycles from activations and weights to the sum."""
        return self._geometry.tree_latency

    def elaborate(self, platform):
        m = Module()
        geometry = self._geometry
        m.submodules.tree = tree = AdderTree(
            operands=geometry.lanes,
            bits=ACTIVATION_BITS,
            register_every=geometry.tree_register_every,
        )
        for lane in range(geometry.lanes):
            activation, weight = self.activations[lane].as_unsigned(), self.weights[lane]
            nonzero, negative = weight.any(), weight[1]
            m.d.comb += [
                tree.operands[lane].eq(
                    (activation ^ negative.replicate(ACTIVATION_BITS))
                    & nonzero.replicate(ACTIVATION_BITS)
                ),
                tree.carries[lane].eq(negative),
            ]
        m.d.comb += [self.sum.eq(tree.sum), self.carry.eq(tree.carry)]
        return m
