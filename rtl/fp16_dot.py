"""The dot product of binary16 activations and weights: multipliers, and a tree of adders."""

from amaranth import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.fp16_adder_tree import Fp16AdderTree
from rtl.fp16_format import FP16_BITS
from rtl.fp16_multiplier import Fp16Multiplier
from rtl.shared import place

__all__ = ["Fp16Dot"]


class Fp16Dot(wiring.Component):
    """Sum of `lanes` products of two binary16 numbers, every product and every sum rounded.

    Parameters
    ----------
    lanes : int
        Number of products.
    tree_register_every : int
        Levels of the adder tree between two pipeline registers.
    product_register : bool
        Whether a register stands between the products and the tree.
    subnormals : bool
        As `Fp16Multiplier` and `Fp16Adder` take it.
    multiplier_stages, adder_stages : int
        The `stages` of each `Fp16Multiplier` and of each `Fp16Adder`.

    Members
    -------
    activations : In(ArrayLayout(16, lanes))
        Activations.
    weights : In(ArrayLayout(16, lanes))
        Weights.
    sum : Out(16)
        The dot product, `latency` cycles later.
    """

    def __init__(
        self,
        *,
        lanes,
        tree_register_every,
        product_register,
        subnormals,
        multiplier_stages=1,
        adder_stages=1,
    ):
        self._lanes = lanes
        self._tree_register_every = tree_register_every
        self._product_register = product_register
        self._subnormals = subnormals
        self._multiplier_stages = multiplier_stages
        self._adder_stages = adder_stages
        operands = data.ArrayLayout(FP16_BITS, lanes)
        super().__init__({
            "activations": In(operands),
            "weights": In(operands),
            "sum": Out(FP16_BITS),
        })

    @property
    def latency(self):
        """Cycles from activations and weights to the sum."""
        levels = (self._lanes - 1).bit_length()
        product = self._multiplier_stages - 1 + bool(self._product_register)
        return product + levels * (self._adder_stages - 1) + levels // self._tree_register_every

    def elaborate(self, platform):
        m = Module()
        m.submodules.tree = tree = Fp16AdderTree(
            operands=self._lanes,
            register_every=self._tree_register_every,
            subnormals=self._subnormals,
            adder_stages=self._adder_stages,
        )
        domain = "sync" if self._product_register else "comb"
        for lane in range(self._lanes):
            multiplier = place(
                m,
                platform,
                f"multiplier{lane}",
                "fp16_multiplier",
                lambda: Fp16Multiplier(subnormals=self._subnormals, stages=self._multiplier_stages),
            )
            product = Signal(FP16_BITS, name=f"product{lane}", reset_less=True)
            m.d.comb += [
                multiplier.a.eq(self.activations[lane]),
                multiplier.b.eq(self.weights[lane]),
                tree.operands[lane].eq(product),
            ]
            m.d[domain] += product.eq(multiplier.product)
        m.d.comb += self.sum.eq(tree.sum)
        return m
