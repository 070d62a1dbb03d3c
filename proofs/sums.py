"""Lanes, trees and accumulators: the sum of products, exactly, for every weight and activation.

A whole row is too much for a solver if the reference is shaped otherwise, so the proof is in parts,
each complete: what a lane puts into the tree (every style), what a tree makes of its operands, how
both fit together for a few lanes, and that no width overflows for the largest K.
"""

import itertools
from functools import reduce
from operator import add

from amaranth import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from proofs.claims import assume, claim
from proofs.prover import Proof
from rtl.accumulator import Accumulator
from rtl.adder_tree import AdderTree
from rtl.dot import DotProduct
from rtl.geometry import ACTIVATION_BITS, Geometry
from rtl.lane_style import LANE_STYLES
from rtl.lanes import Operands, select_operand
from rtl.trit import TRIT_CODES

__all__ = ["PROOFS"]


def row_geometry(style, lanes, **changes):
    """Return a geometry of one row, without registers in its tree unless told otherwise."""
    sizes = {"rows": 1, "weight_bus_bits": 8, "max_k": lanes, "output_bus_words": 1}
    return Geometry(lane_style=style, lanes=lanes, **{**sizes, "tree_register_every": 9, **changes})


def product(weight, activation):
    """Return weight times activation; a code that is none of the three counts as 0."""
    return Mux(weight == TRIT_CODES[1], activation, Mux(weight == TRIT_CODES[-1], -activation, 0))


class LaneOperand(wiring.Component):
    """What one operand of the tree is, from what all rows share and the weights."""

    def __init__(self, style, select=select_operand):
        self._geometry = row_geometry(style, 2 * LANE_STYLES[style].lanes)
        self._select = select
        lanes = self._geometry.lanes
        super().__init__({
            "activations": In(data.ArrayLayout(signed(ACTIVATION_BITS), lanes)),
            "weights": In(data.ArrayLayout(2, lanes)),
        })

    def elaborate(self, platform):
        m = Module()
        geometry = self._geometry
        style = LANE_STYLES[geometry.lane_style]
        m.submodules.operands = operands = Operands(geometry)
        m.d.comb += [operands.activations.eq(self.activations), operands.load.eq(1)]
        # The operands are shown a cycle later.
        activations, weights = Signal.like(self.activations), Signal.like(self.weights)
        loaded = Signal()
        m.d.sync += [
            activations.eq(self.activations),
            weights.eq(self.weights),
            loaded.eq(1),
        ]
        right = []
        for operand in range(geometry.tree_operands):
            lanes = range(operand * style.lanes, (operand + 1) * style.lanes)
            mine = [weights[lane] for lane in lanes]
            for weight in mine:
                assume(m, weight != 0b11)
            center = style.center(operand, geometry.lanes)
            shown = self._select(style, center, operands.shared[operand], mine)
            if style.carries:
                shown = shown + mine[0][1]
            total = sum(product(weights[lane], activations[lane]) for lane in lanes)
            right.append(shown == center + total)
        claim(m, "operand_is_center_and_product", ~loaded | Cat(*right).all())
        return m


class TreeSum(wiring.Component):
    """A tree against its operands and carries, added one after the other in full width."""

    def __init__(self, operands, bits, *, tree=AdderTree, in_order=True, **options):
        self._tree = tree(operands=operands, bits=bits, register_every=9, **options)
        self._in_order = in_order
        super().__init__({
            "operands": In(data.ArrayLayout(bits, operands)),
            "carries": In(operands),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.tree = tree = self._tree
        m.d.comb += tree.operands.eq(self.operands)
        terms = list(self.operands)
        total = tree.sum
        if hasattr(tree, "carries"):
            m.d.comb += tree.carries.eq(self.carries)
            total = total + tree.carry
            terms = [term + carry for term, carry in zip(terms, self.carries, strict=True)]
        wide = len(tree.sum) + 4
        if self._in_order:
            reference = Const(0, wide)
            for term in terms:
                reference = (reference + term)[:wide]
        else:
            # The same shape, each node as wide as the whole, so that nothing can be lost.
            nodes = [(Const(0, wide) + term)[:wide] for term in terms]
            while len(nodes) > 1:
                pairs = zip(nodes[0::2], nodes[1::2], strict=False)
                odd = nodes[len(nodes) // 2 * 2 :]
                nodes = [(left + right)[:wide] for left, right in pairs] + odd
            [reference] = nodes
        claim(m, "sum_is_exact", total == reference)
        return m


class RowSum(wiring.Component):
    """A dot product against the plain sum of products."""

    def __init__(self, style, lanes, *, every=9, dot=DotProduct):
        self._geometry = row_geometry(style, lanes, tree_register_every=every)
        self._dot = dot
        super().__init__({
            "activations": In(data.ArrayLayout(signed(ACTIVATION_BITS), lanes)),
            "weights": In(data.ArrayLayout(2, lanes)),
        })

    def elaborate(self, platform):
        m = Module()
        geometry = self._geometry
        m.submodules.operands = operands = Operands(geometry)
        m.submodules.dot = dot = self._dot(geometry)
        weights = Signal.like(self.weights)
        m.d.comb += [operands.activations.eq(self.activations), operands.load.eq(1)]
        m.d.sync += weights.eq(self.weights)
        m.d.comb += [dot.shared.eq(operands.shared), dot.weights.eq(weights)]
        for lane in range(geometry.lanes):
            assume(m, self.weights[lane] != 0b11)
        pairs = zip(self.weights, self.activations, strict=True)
        value = reduce(add, [product(weight, activation) for weight, activation in pairs])
        expected = value
        filled = Const(1, 1)
        # The operands' register, then those of the tree.
        for stage in range(1 + dot.latency):
            kept = Signal(signed(geometry.sum_bits + 2), name=f"expected{stage}")
            there = Signal(name=f"filled{stage}")
            m.d.sync += [kept.eq(expected), there.eq(filled)]
            expected, filled = kept, there
        claim(m, "dot_product_is_exact", ~filled | (dot.sum + dot.carry == expected))
        return m


class PartialSum(wiring.Component):
    """An accumulator whose every partial sum is one that K inputs so far can make."""

    def __init__(self, max_k, lanes, tokens, *, accumulator=Accumulator, bits_lost=0):
        self._geometry = row_geometry("biased", lanes, max_k=max_k, max_tokens=tokens)
        self._accumulator = accumulator
        super().__init__({
            "sum": In(signed(self._geometry.sum_bits)),
            "carry": In(1),
            "first": In(1),
            "partial": In(signed(self._geometry.accumulator_bits)),
        })

    def elaborate(self, platform):
        m = Module()
        geometry = self._geometry
        m.submodules.accumulator = accumulator = self._accumulator(geometry)
        m.d.comb += [
            accumulator.sum.eq(self.sum),
            accumulator.carry.eq(self.carry),
            accumulator.valid.eq(1),
            accumulator.first.eq(self.first),
        ]
        # The one token is written in every cycle, so its sum is a matter of the cycle before.
        before = Signal(signed(geometry.accumulator_bits + 2))
        known = Signal()
        m.d.sync += [before.eq(accumulator.total), known.eq(1)]
        wide = signed(geometry.accumulator_bits + 2)
        added, start = Signal(wide), Signal(wide)
        m.d.comb += [added.eq(self.sum + self.carry), start.eq(Mux(self.first, 0, before))]
        largest, share = 128 * geometry.max_k, 128 * geometry.lanes
        # One K tile adds this much at most, and comes when there is room for it in K.
        assume(m, (added <= share) & (added >= -share))
        assume(m, self.first | (known & (start <= largest - share) & (start >= share - largest)))
        claim(m, "total_is_exact", accumulator.total == start + added)
        claim(
            m,
            "total_is_within_k",
            (accumulator.total <= largest) & (accumulator.total >= -largest),
        )
        return m


def _narrow_tree(**options):
    """Return a tree whose last adder lacks its highest bit."""

    class Narrow(AdderTree):
        def elaborate(self, platform):
            m = Module()
            m.submodules.it = it = AdderTree(**options)
            bits = len(it.sum) - 1
            m.d.comb += [it.operands.eq(self.operands), self.sum.eq(it.sum[:bits])]
            if hasattr(self, "carries"):
                m.d.comb += [it.carries.eq(self.carries), self.carry.eq(it.carry)]
            return m

    return Narrow(**options)


def _swapped(style, center, shared, weights):
    """Return the operand of the opposite weights."""
    return select_operand(style, center, shared, [weight[::-1] for weight in weights])


class _LateDot(DotProduct):
    """A dot product that takes its first weight a cycle late."""

    def elaborate(self, platform):
        m = Module()
        m.submodules.it = it = DotProduct(self._geometry)
        late = Signal(2)
        m.d.sync += late.eq(self.weights[0])
        m.d.comb += [it.shared.eq(self.shared), it.weights.eq(self.weights), it.weights[0].eq(late)]
        m.d.comb += [self.sum.eq(it.sum), self.carry.eq(it.carry)]
        return m


class _NarrowAccumulator(Accumulator):
    """An accumulator of one bit less."""

    def elaborate(self, platform):
        m = Module()
        m.submodules.it = it = Accumulator(self._geometry)
        for name in ("sum", "carry", "valid", "first", "token"):
            m.d.comb += getattr(it, name).eq(getattr(self, name))
        m.d.comb += self.total.eq(it.total[: len(it.total) - 1].as_signed())
        return m


def _lane(style):
    return Proof(
        name=f"lane-{style}",
        promise="A lane's operand is the center plus weight times activation, -128 included.",
        spec=lambda: LaneOperand(style),
        broken={"operand_is_center_and_product": lambda: LaneOperand(style, _swapped)},
        # What is in a register comes from the cycle before: after so many any state is forgotten.
        method="SAT induction",
        steps=2,
        size=f"{2 * LANE_STYLES[style].lanes} lanes",
    )


def _tree(operands, bits, *, in_order, carries):
    options = {"operands": operands, "bits": bits, "carries": carries}
    shape = "in order" if in_order else "same shape"
    return Proof(
        name=f"tree-{operands}-{'carries' if carries else 'plain'}",
        promise="The tree's sum is that of all operands and carries, and fits.",
        spec=lambda: TreeSum(in_order=in_order, **options),
        broken={"sum_is_exact": lambda: TreeSum(in_order=in_order, tree=_narrow_tree, **options)},
        # Without registers, one cycle from every state is all there is.
        method="every state",
        size=f"{operands} x {bits} bits, {shape}",
    )


def _row(style, lanes, every):
    return Proof(
        name=f"dot-{style}-{lanes}-{every}",
        promise="A row's sum is that of weights times activations, with registers in the tree.",
        spec=lambda: RowSum(style, lanes, every=every),
        broken={"dot_product_is_exact": lambda: RowSum(style, lanes, every=every, dot=_LateDot)},
        method="SAT induction",
        steps=2 + row_geometry(style, lanes, tree_register_every=every).tree_latency,
        size=f"{lanes} lanes, registers every {every}",
    )


PROOFS = (
    *(_lane(style) for style in LANE_STYLES),
    *(_tree(8, bits, in_order=True, carries=carries) for bits, carries in ((8, True), (9, False))),
    *(
        _tree(operands, bits, in_order=False, carries=carries)
        for operands, (bits, carries) in itertools.product((13, 64), ((8, True), (9, False)))
    ),
    *(_row(style, 3, 1) for style in LANE_STYLES),
    *(_row(style, 4, 2) for style in ("select", "biased")),
    _row("biased", 6, 2),
    Proof(
        name="accumulator-width",
        promise="A partial sum of up to max_k products of -128 and -1 never wraps.",
        spec=lambda: PartialSum(28672, 64, 1),
        # From the reset to a sum that is too large takes K / 64 cycles: a small K for the twin.
        broken={"total_is_exact": lambda: PartialSum(512, 64, 1, accumulator=_NarrowAccumulator)},
        method="induction",
        steps=1,
        size="K 28672, 64 lanes",
    ),
)
