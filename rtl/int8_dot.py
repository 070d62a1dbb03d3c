"""The dot product of int8 activations and int8 weights: exact products, and a tree that adds."""

from amaranth import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.adder_tree import AdderTree
from rtl.geometry import ACTIVATION_BITS

__all__ = ["INT8_PRODUCT_BITS", "Int8Dot"]

INT8_PRODUCT_BITS = 2 * ACTIVATION_BITS
"""Width of a product: -128 times -128 needs the last of these bits."""


class Int8Dot(wiring.Component):
    """Sum of `lanes` products of two int8 numbers, the baseline of `DotProduct`.

    The tree is that of the ternary row, on products instead of selected activations. How a product
    is made is left to synthesis, which knows array and Booth multipliers.

    Parameters
    ----------
    lanes : int
        Number of products.
    tree_register_every : int
        Levels of the adder tree between two pipeline registers.
    product_register : bool
        Whether a register stands between the products and the tree: without it, a multiplier and
        the first levels of the tree share a clock cycle.

    Members
    -------
    activations : In(ArrayLayout(signed(8), lanes))
        Activations.
    weights : In(ArrayLayout(signed(8), lanes))
        Weights.
    sum : Out(signed(16 + levels of the tree))
        The dot product, `latency` cycles later.
    """

    def __init__(self, *, lanes, tree_register_every, product_register):
        self._lanes = lanes
        self._tree_register_every = tree_register_every
        self._product_register = product_register
        self._levels = (lanes - 1).bit_length()
        operands = data.ArrayLayout(signed(ACTIVATION_BITS), lanes)
        super().__init__({
            "activations": In(operands),
            "weights": In(operands),
            "sum": Out(signed(INT8_PRODUCT_BITS + self._levels)),
        })

    @property
    def latency(self):
        """Cycles from activations and weights to the sum."""
        return bool(self._product_register) + self._levels // self._tree_register_every

    def elaborate(self, platform):
        m = Module()
        m.submodules.tree = tree = AdderTree(
            operands=self._lanes,
            bits=INT8_PRODUCT_BITS,
            register_every=self._tree_register_every,
            carries=False,
        )
        domain = "sync" if self._product_register else "comb"
        for lane in range(self._lanes):
            product = Signal(signed(INT8_PRODUCT_BITS), name=f"product{lane}", reset_less=True)
            m.d[domain] += product.eq(self.activations[lane] * self.weights[lane])
            # The tree adds numbers without a sign: each is a product plus half of their range.
            m.d.comb += tree.operands[lane].eq(product ^ (1 << (INT8_PRODUCT_BITS - 1)))
        m.d.comb += self.sum.eq(tree.sum - (self._lanes << (INT8_PRODUCT_BITS - 1)))
        return m
