"""The sum of two binary16 numbers."""

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.adder_tree import add
from rtl.fp16_format import FP16_BITS, FP16_INFINITY, FP16_NAN, SIGNIFICAND_BITS, Fp16
from rtl.fp16_round import Fp16Round

__all__ = ["Fp16Adder"]

# Below the significands: a bit to round by, one more for the shift by one place that follows a
# subtraction of numbers far apart, and one for all lower bits.
_EXTRA_BITS = 3
_SUM_BITS = SIGNIFICAND_BITS + _EXTRA_BITS + 1
# From this distance on, the smaller number counts only as "not zero".
_MOST_DISTANCE = 15


class Fp16Adder(wiring.Component):
    """Add as IEEE 754 says, rounding to nearest, ties to even.

    Infinities and signed zeros are those of the standard. Every NaN is the same one, whatever the
    operands carry. Combinational.

    Parameters
    ----------
    subnormals : bool
        Whether subnormal numbers are supported. If not, they count as zero as operands, and a sum
        of magnitude below 2**-14 is a zero with the sign of the sum.

    Members
    -------
    a, b : In(16)
        Operands.
    sum : Out(16)
        Sum.
    """

    def __init__(self, *, subnormals):
        self._subnormals = subnormals
        super().__init__({"a": In(FP16_BITS), "b": In(FP16_BITS), "sum": Out(FP16_BITS)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.round = rounded = Fp16Round(
            bits=_SUM_BITS, most_zeros=_SUM_BITS - 1, subnormals=self._subnormals
        )
        big, small = Signal(Fp16), Signal(Fp16)
        swap = self.a[:-1] < self.b[:-1]
        m.d.comb += [
            big.eq(Mux(swap, self.b, self.a)),
            small.eq(Mux(swap, self.a, self.b)),
        ]
        distance = Signal(4)
        difference = Signal(5)
        aligned = Signal(SIGNIFICAND_BITS + _MOST_DISTANCE)
        significand = small.significand(subnormals=self._subnormals)
        m.d.comb += [
            difference.eq(big.scale() - small.scale()),
            distance.eq(difference[:4] | difference[4].replicate(4)),
            aligned.eq(Cat(Const(0, _MOST_DISTANCE), significand) >> distance),
        ]
        lost = _MOST_DISTANCE - _EXTRA_BITS + 1
        addend = Cat(aligned[:lost].any(), aligned[lost:])
        subtract = big.sign ^ small.sign
        augend = Cat(Const(0, _EXTRA_BITS), big.significand(subnormals=self._subnormals))
        total = Signal(_SUM_BITS)
        m.d.comb += [
            # One adder for both: x - y is x plus the complement of y plus one.
            total.eq(
                add(
                    Cat(augend, Const(0, 1)).as_signed(),
                    Cat(addend ^ subtract.replicate(len(addend)), subtract).as_signed(),
                    subtract,
                )
            ),
            # A difference of equal numbers is +0.
            rounded.sign.eq(big.sign & (total.any() | ~subtract)),
            rounded.scale.eq(big.scale() + 1),
            rounded.significand.eq(total),
        ]
        nan = big.nan() | (big.special() & small.special() & subtract)
        infinity = Cat(Const(FP16_INFINITY, FP16_BITS - 1), big.sign)
        m.d.comb += self.sum.eq(Mux(nan, FP16_NAN, Mux(big.special(), infinity, rounded.result)))
        return m
