"""The product of two binary16 numbers."""

from amaranth import Cat, Const, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.fp16_format import FP16_BITS, FP16_INFINITY, FP16_NAN, SIGNIFICAND_BITS, Fp16
from rtl.fp16_round import SCALE_BITS, Fp16Round
from rtl.pipeline import cut

__all__ = ["Fp16Multiplier"]

# The exponents of a product of two numbers run down to 13 below that of the smallest normal one: so
# many zeros above the product, and its rounding needs no shift to the right.
_ROOM = 13
# Of the second significand, the bits whose product is the lower of two that are added.
_LOW_BITS = 6


class Fp16Multiplier(wiring.Component):
    """Multiply as IEEE 754 says, rounding to nearest, ties to even.

    Infinities and signed zeros are those of the standard. Every NaN is the same one, whatever the
    operands carry.

    Parameters
    ----------
    subnormals : bool
        Whether subnormal numbers are supported. If not, one counts as zero as an operand, and a
        product of magnitude below 2**-14 before rounding is zero.
    stages : int
        Clock cycles that a product is cut into, from 1 to 4: by a register behind the product of
        the significands, one before it is rounded, and one inside that product, in this order;
        1: combinational.

    Members
    -------
    a, b : In(16)
        Operands.
    product : Out(16)
        Product, `latency` cycles later.
    """

    def __init__(self, *, subnormals, stages=1):
        self._subnormals = subnormals
        self._stages = stages
        super().__init__({"a": In(FP16_BITS), "b": In(FP16_BITS), "product": Out(FP16_BITS)})

    @property
    def latency(self):
        """Cycles from the operands to the product."""
        return self._stages - 1

    def elaborate(self, platform):
        m = Module()
        room = _ROOM if self._subnormals else 0
        bits = 2 * SIGNIFICAND_BITS + room
        m.submodules.round = rounded = Fp16Round(
            bits=bits,
            # The product of two normal numbers' significands is at least half of the greatest.
            most_zeros=bits - 1 if self._subnormals else 1,
            subnormals=self._subnormals,
            registered=self._stages > 2,
        )
        a, b = Fp16(self.a), Fp16(self.b)
        significands = [x.significand(subnormals=self._subnormals) for x in (a, b)]
        special = a.special() | b.special()
        zero = ~significands[0].any() | ~significands[1].any()
        low, high, scale, sign, special, nan = cut(
            m,
            registered=self._stages > 3,
            low_product=significands[0] * significands[1][:_LOW_BITS],
            high_product=significands[0] * significands[1][_LOW_BITS:],
            factors_scale=(a.scale() + b.scale() - 14 + room)[:SCALE_BITS].as_signed(),
            factors_sign=a.sign ^ b.sign,
            factors_special=special,
            factors_nan=a.nan() | b.nan() | (special & zero),
        )
        # In one cycle, the best way to multiply is left to synthesis.
        whole = significands[0] * significands[1]
        halves = (low + Cat(Const(0, _LOW_BITS), high))[: len(whole)]
        significand, scale, sign, special, nan = cut(
            m,
            registered=self._stages > 1,
            significand=halves if self._stages > 3 else whole,
            scale=scale,
            sign=sign,
            special=special,
            nan=nan,
        )
        m.d.comb += [
            rounded.sign.eq(sign),
            rounded.scale.eq(scale),
            rounded.significand.eq(significand),
        ]
        sign, special, nan = cut(
            m,
            registered=rounded.latency,
            last_sign=sign,
            last_special=special,
            last_nan=nan,
        )
        infinity = Cat(Const(FP16_INFINITY, FP16_BITS - 1), sign)
        m.d.comb += self.product.eq(Mux(nan, FP16_NAN, Mux(special, infinity, rounded.result)))
        return m
