"""The dot product of one row: ternary weights select operands, a tree adds them."""

from amaranth import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.adder_tree import AdderTree
from rtl.lane_style import LANE_STYLES
from rtl.lanes import select_operand, shared_layout

__all__ = ["DotProduct"]


class DotProduct(wiring.Component):
    """Sum of `lanes` products of an int8 activation and a ternary weight.

    A lane never negates: what it needs of an activation, all rows share. In the style ``select``
    -x is the complement of x plus one, and that one is a carry of the tree. So an activation of
    -128 stays exact.

    Parameters
    ----------
    geometry : Geometry
        Number of lanes, how they select, and where the tree holds registers.

    Members
    -------
    shared : In(shared_layout(geometry))
        The activations, as `Operands` prepares them.
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
            "shared": In(shared_layout(geometry)),
            "weights": In(data.ArrayLayout(2, geometry.lanes)),
            "sum": Out(signed(geometry.sum_bits)),
            "carry": Out(1),
        })

    @property
    def latency(self):
        """Cycles from what is shared and the weights to the sum."""
        return self._geometry.tree_latency

    def elaborate(self, platform):
        m = Module()
        geometry = self._geometry
        style = LANE_STYLES[geometry.lane_style]
        m.submodules.tree = tree = AdderTree(
            operands=geometry.tree_operands,
            bits=style.operand_bits,
            register_every=geometry.tree_register_every,
            carries=style.carries,
            compressed=style.compressed,
        )
        for operand in range(geometry.tree_operands):
            first = operand * style.lanes
            weights = [
                self.weights[i] for i in range(first, min(first + style.lanes, geometry.lanes))
            ]
            center = style.center(operand, geometry.lanes)
            m.d.comb += tree.operands[operand].eq(
                select_operand(style, center, self.shared[operand], weights)
            )
            if style.carries:
                m.d.comb += tree.carries[operand].eq(weights[0][1])
        # The lowest bits of the centers' sum are 0, so that little is left to subtract: for a power
        # of two the highest bit only.
        m.d.comb += self.sum.eq((tree.sum - geometry.sum_of_centers)[: geometry.sum_bits])
        if style.carries:
            m.d.comb += self.carry.eq(tree.carry)
        return m
