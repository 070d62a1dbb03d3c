"""What enters the adder tree: what all rows share of the activations, and what a weight selects."""

from functools import reduce
from operator import add, and_, or_

from amaranth import Cat, Const, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.geometry import ACTIVATION_BITS
from rtl.lane_style import LANE_STYLES

__all__ = ["Operands", "select_operand", "shared_layout"]


class Operands(wiring.Component):
    """Make of the activations what all rows share, and hold it for a step.

    Parameters
    ----------
    geometry : Geometry
        Number of lanes, and how they select.

    Members
    -------
    activations : In(ArrayLayout(signed(8), lanes))
        Activations of the next step.
    load : In(1)
        The step is taken: hold them.
    shared : Out(shared_layout(geometry))
        What the rows share in that step, from the next cycle on.
    """

    def __init__(self, geometry):
        self._geometry = geometry
        super().__init__({
            "activations": In(data.ArrayLayout(signed(ACTIVATION_BITS), geometry.lanes)),
            "load": In(1),
            "shared": Out(shared_layout(geometry)),
        })

    def elaborate(self, platform):
        m = Module()
        lanes = self._geometry.lanes
        style = LANE_STYLES[self._geometry.lane_style]
        # A last operand may lack lanes.
        activations = [self.activations[lane] for lane in range(lanes)]
        activations += [Const(0, signed(ACTIVATION_BITS))] * (-lanes % style.lanes)
        held = Signal.like(self.shared.as_value(), reset_less=True)
        m.d.comb += self.shared.as_value().eq(held)
        with m.If(self.load):
            for operand in range(self._geometry.tree_operands):
                choices = _choices(style, activations[operand * style.lanes :])
                center = style.center(operand, lanes)
                shared = [_around(choice, center, style.operand_bits) for choice in choices]
                m.d.sync += held.word_select(operand, style.shared_bits).eq(Cat(*shared))
        return m


def shared_layout(geometry):
    """Return the layout of what all rows share: for each operand of the tree, its choices."""
    style = LANE_STYLES[geometry.lane_style]
    return data.ArrayLayout(style.shared_bits, geometry.tree_operands)


def select_operand(style, center, shared, weights):
    """Return the operand of the tree that weights select.

    Parameters
    ----------
    style : LaneStyle
        How.
    center : int
        What stands for 0.
    shared : Value
        The choices, as `Operands` gives them.
    weights : list of Value
        Two-bit code of each lane: bit 0 for +1, bit 1 for -1.
    """
    bits = style.operand_bits
    if style.carries:
        [weight] = weights
        product = (shared ^ weight[1].replicate(bits)) & weight.any().replicate(bits)
        return product ^ center
    picks = _picks(style, weights)
    chosen = [
        shared.word_select(number, bits) & pick.replicate(bits) for number, pick in enumerate(picks)
    ]
    return reduce(or_, chosen) ^ center


def _choices(style, activations):
    """Return the numbers of which at most one is picked, in the order of the style's patterns."""
    if style.carries:
        return [activations[0]]
    return [
        reduce(
            add,
            [
                activation if weight > 0 else -activation
                for activation, weight in zip(activations, pattern, strict=False)
                if weight
            ],
        )
        for pattern in style.patterns
    ]


def _picks(style, weights):
    """Return a bit for each choice: the weights pick it."""
    missing = [Const(0, 2)] * (style.lanes - len(weights))
    return [
        reduce(
            and_,
            [
                code[weight < 0] if weight else ~code.any()
                for code, weight in zip([*weights, *missing], pattern, strict=True)
            ],
        )
        for pattern in style.patterns
    ]


def _around(choice, center, bits):
    """Return how a choice differs, bit by bit, from what stands for 0.

    So a weight of 0, which picks none, needs no choice of its own.
    """
    return ((choice + center) ^ center)[:bits]
