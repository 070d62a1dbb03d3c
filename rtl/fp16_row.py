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

    An addition to a partial sum takes `step_interval` cycles, and the next one to the same needs
    its result: steps that follow one another faster must belong to different partial sums, be it
    those of other tokens or, for a token alone, of other K tiles, to be added when all are there.

    Parameters
    ----------
    lanes, tree_register_every, product_register, subnormals, multiplier_stages, adder_stages
        As `Fp16Dot` takes them; `adder_stages` is also that of the accumulator.
    max_tokens : int
        Number of partial sums.

    Members
    -------
    activations, weights : In(ArrayLayout(16, lanes))
        Operands.
    valid, first, token : In
        Control of `PartialSums` for the sum that leaves the tree in this cycle.
    total : Out(16)
        Partial sum with that sum included, `latency` cycles later.
    """

    def __init__(
        self,
        *,
        lanes,
        tree_register_every,
        product_register,
        max_tokens,
        subnormals,
        multiplier_stages=1,
        adder_stages=1,
    ):
        self._dot = Fp16Dot(
            lanes=lanes,
            tree_register_every=tree_register_every,
            product_register=product_register,
            subnormals=subnormals,
            multiplier_stages=multiplier_stages,
            adder_stages=adder_stages,
        )
        self._adder_stages = adder_stages
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

    @property
    def dot_latency(self):
        """Cycles from activations and weights to the sum that leaves the tree."""
        return self._dot.latency

    @property
    def latency(self):
        """Cycles from the sum that leaves the tree to the total."""
        return self._adder_stages - 1

    @property
    def step_interval(self):
        """Cycles from a step to the next one of the same partial sum, at least."""
        return self.latency + 1

    def elaborate(self, platform):
        m = Module()
        m.submodules.dot = dot = self._dot
        m.submodules.partials = partials = PartialSums(
            shape=FP16_BITS, max_tokens=self._max_tokens, latency=self.latency
        )
        adder = place(
            m,
            platform,
            "adder",
            "fp16_adder",
            lambda: Fp16Adder(subnormals=self._subnormals, stages=self._adder_stages),
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
