"""The product of two binary16 numbers."""

from amaranth import Cat, Const, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.fp16_format import FP16_BITS, FP16_INFINITY, FP16_NAN, SIGNIFICAND_BITS, Fp16
from rtl.fp16_round import SCALE_BITS, Fp16Round
from rtl.pipeline import cut, delay

__all__ = ["Fp16Multiplier"]

# The exponents of a product of two numbers run down to 13 below that of the smallest normal one: so
# many zeros above the product, and its rounding needs no shift to the right.
_ROOM = 13


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
        the significands, one before it is rounded, and one before it is shifted, in this order;
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
            registers=min(max(self._stages - 2, 0), 2),
        )
        a, b = Fp16(self.a), Fp16(self.b)
        significands = [x.significand(subnormals=self._subnormals) for x in (a, b)]
        special = a.special() | b.special()
        zero = ~significands[0].any() | ~significands[1].any()
        significand, scale, sign, special, nan = cut(
            m,
            registered=self._stages > 1,
            significand=significands[0] * significands[1],
            scale=(a.scale() + b.scale() - 14 + room)[:SCALE_BITS].as_signed(),
            sign=a.sign ^ b.sign,
            special=special,
            nan=a.nan() | b.nan() | (special & zero),
        )
        m.d.comb += [
            rounded.sign.eq(sign),
            rounded.scale.eq(scale),
            rounded.significand.eq(significand),
        ]
        sign = delay(m, sign, rounded.latency, name="sign_")
        special = delay(m, special, rounded.latency, name="special_")
        nan = delay(m, nan, rounded.latency, name="nan_")
        infinity = Cat(Const(FP16_INFINITY, FP16_BITS - 1), sign)
        m.d.comb += self.product.eq(Mux(nan, FP16_NAN, Mux(special, infinity, rounded.result)))
        return m
