"""One output channel of an FP16 array: a dot product and its binary16 partial sums."""

from amaranth import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.fp16_adder import Fp16Adder
from rtl.fp16_dot import Fp16Dot
from rtl.fp16_format import FP16_BITS
from rtl.partial_sums import PartialSums, token_bits
from rtl.shared import place

__all__ = ["Fp16Row"]


class Fp16Row(wiring.Component):
    """An FP16 dot product followed by an FP16 accumulator, the baseline of `Row`.

    One FP16 multiplication and one FP16 addition for each multiply-accumulate, which is what the
    b1.58 paper counts for a 16-bit model. Hardware for training accumulates in FP32 and is larger.

    Parameters
    ----------
    lanes, tree_register_every, product_register, subnormals
        As `Fp16Dot` takes them.
    max_tokens : int
        Number of partial sums.

    Members
    -------
    activations, weights : In(ArrayLayout(16, lanes))
        Operands.
    valid, first, token : In
        Control of `PartialSums` for the sum that leaves the tree in this cycle.
    total : Out(16)
        Partial sum with that sum included.
    """

    def __init__(self, *, lanes, tree_register_every, product_register, max_tokens, subnormals):
        self._dot_sizes = {
            "lanes": lanes,
            "tree_register_every": tree_register_every,
            "product_register": product_register,
            "subnormals": subnormals,
        }
        self._max_tokens = max_tokens
        self._subnormals = subnormals
        operands = data.ArrayLayout(FP16_BITS, lanes)
        super().__init__({
            "activations": In(operands),
            "weights": In(operands),
            "valid": In(1),
            "first": In(1),
            "token": In(token_bits(max_tokens)),
            "total": Out(FP16_BITS),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.dot = dot = Fp16Dot(**self._dot_sizes)
        m.submodules.partials = partials = PartialSums(shape=FP16_BITS, max_tokens=self._max_tokens)
        adder = place(
            m, platform, "adder", "fp16_adder", lambda: Fp16Adder(subnormals=self._subnormals)
        )
        m.d.comb += [
            dot.activations.eq(self.activations),
            dot.weights.eq(self.weights),
            partials.valid.eq(self.valid),
            partials.first.eq(self.first),
            partials.token.eq(self.token),
            partials.total.eq(self.total),
            adder.a.eq(partials.partial),
            adder.b.eq(dot.sum),
            self.total.eq(adder.sum),
        ]
        return m
