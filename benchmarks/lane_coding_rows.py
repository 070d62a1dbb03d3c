"""The dot product of a row in one of `benchmarks.lane_coding_picks`, and what all rows share."""

from amaranth import Const, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.adder_tree import AdderTree, add
from rtl.geometry import ACTIVATION_BITS

__all__ = ["CodedRow", "CodedShared", "sum_bits"]


def sum_bits(geometry, coding):
    """Return the width of what leaves the tree, with the centers and also without them."""
    return coding.operand_bits + (geometry.lanes - 1).bit_length()


class CodedRow(wiring.Component):
    """The dot product of a row in a coding; members as `rtl.dot.DotProduct` has them.

    Members
    -------
    shared : In
        As `CodedShared` makes it.
    weights : In(ArrayLayout(2, lanes))
        Two-bit weight codes: bit 0 for +1, bit 1 for -1, never both.
    correction : In
        Where the coding has one: added, and one more, to what leaves the tree in this cycle.
    sum : Out(signed)
        With `carry` added, the dot product; uncorrected that and the sum of the activations.
    carry : Out(1)
        Where the coding has carries.
    """

    def __init__(self, geometry, coding):
        self._geometry, self._coding = geometry, coding
        bits = sum_bits(geometry, coding)
        ports = {
            "shared": In(data.ArrayLayout(coding.shared_bits, geometry.lanes)),
            "weights": In(data.ArrayLayout(2, geometry.lanes)),
            "sum": Out(signed(bits)),
        }
        if coding.corrected:
            ports["correction"] = In(bits)
        if coding.carries:
            ports["carry"] = Out(1)
        super().__init__(ports)

    def elaborate(self, platform):
        """Return the module."""
        m = Module()
        coding, lanes = self._coding, self._geometry.lanes
        m.submodules.tree = tree = _tree(self._geometry, coding)
        for lane in range(lanes):
            center = coding.center(lane, lanes)
            operand, carry, inner = coding.select(self.shared[lane], self.weights[lane], center)
            m.d.comb += [inner, tree.operands[lane].eq(operand)]
            if coding.carries:
                m.d.comb += tree.carries[lane].eq(carry)
        if coding.corrected:
            total = add(tree.sum, self.correction, Const(1, 1))
        else:
            total = tree.sum - sum(coding.center(lane, lanes) for lane in range(lanes))
        m.d.comb += self.sum.eq(total[: len(self.sum)])
        if coding.carries:
            m.d.comb += self.carry.eq(tree.carry)
        return m


class CodedShared(wiring.Component):
    """What all rows share of the activations in a coding, held for a step.

    Members
    -------
    activations : In(ArrayLayout(signed(8), lanes))
        Activations of the next step.
    load : In(1)
        The step is taken: hold them.
    shared : Out
        What the rows share in that step, from the next cycle on.
    correction : Out
        Where the coding needs the sum of the activations: the complement of what a row whose
        weights are all 0 has behind its tree, when the rows' sums leave theirs.
    """

    def __init__(self, geometry, coding):
        self._geometry, self._coding = geometry, coding
        ports = {
            "activations": In(data.ArrayLayout(signed(ACTIVATION_BITS), geometry.lanes)),
            "load": In(1),
            "shared": Out(data.ArrayLayout(coding.shared_bits, geometry.lanes)),
        }
        if coding.summed:
            ports["correction"] = Out(sum_bits(geometry, coding))
        super().__init__(ports)

    def elaborate(self, platform):
        """Return the module."""
        m = Module()
        coding, lanes = self._coding, self._geometry.lanes
        held = Signal.like(self.shared.as_value(), reset_less=True)
        m.d.comb += self.shared.as_value().eq(held)
        with m.If(self.load):
            for lane in range(lanes):
                shared = coding.share(self.activations[lane], coding.center(lane, lanes))
                m.d.sync += held.word_select(lane, coding.shared_bits).eq(shared)
        if coding.summed:
            m.submodules.tree = tree = _tree(self._geometry, coding)
            for lane in range(lanes):
                center = coding.center(lane, lanes)
                operand, _, _ = coding.select(self.shared[lane], Const(0, 2), center)
                m.d.comb += tree.operands[lane].eq(operand)
            m.d.comb += self.correction.eq(~tree.sum)
        return m


def _tree(geometry, coding):
    """Return the tree of a row."""
    return AdderTree(
        operands=geometry.lanes,
        bits=coding.operand_bits,
        register_every=geometry.tree_register_every,
        carries=coding.carries,
    )
