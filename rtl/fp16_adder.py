"""The sum of two binary16 numbers."""

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.adder_tree import add
from rtl.fp16_format import FP16_BITS, FP16_INFINITY, FP16_NAN, SIGNIFICAND_BITS, Fp16
from rtl.fp16_round import Fp16Round
from rtl.pipeline import cut

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
    operands carry.

    Parameters
    ----------
    subnormals : bool
        Whether subnormal numbers are supported. If not, they count as zero as operands, and a sum
        of magnitude below 2**-14 is a zero with the sign of the sum.
    stages : int
        Clock cycles that a sum is cut into, from 1 to 4: 2 by a register behind the addition of the
        significands, 3 by one before it and one before the rounding, 4 by all of these;
        1: combinational.

    Members
    -------
    a, b : In(16)
        Operands.
    sum : Out(16)
        Sum, `latency` cycles later.
    """

    def __init__(self, *, subnormals, stages=1):
        self._subnormals = subnormals
        self._stages = stages
        super().__init__({"a": In(FP16_BITS), "b": In(FP16_BITS), "sum": Out(FP16_BITS)})

    @property
    def latency(self):
        """Cycles from the operands to the sum."""
        return self._stages - 1

    def elaborate(self, platform):
        m = Module()
        m.submodules.round = rounded = Fp16Round(
            bits=_SUM_BITS,
            most_zeros=_SUM_BITS - 1,
            subnormals=self._subnormals,
            registers=int(self._stages > 2),
        )
        big, small = Signal(Fp16), Signal(Fp16)
        swap = less(self.a[:-1], self.b[:-1])
        scale_a, scale_b = Fp16(self.a).scale(), Fp16(self.b).scale()
        distance = Signal(4)
        difference = Signal(5)
        shifted = Signal(SIGNIFICAND_BITS + _MOST_DISTANCE)
        significand = small.significand(subnormals=self._subnormals)
        m.d.comb += [
            big.eq(Mux(swap, self.b, self.a)),
            small.eq(Mux(swap, self.a, self.b)),
            # Both differences, so that neither waits for the comparison.
            difference.eq(Mux(swap, scale_b - scale_a, scale_a - scale_b)),
            distance.eq(difference[:4] | difference[4].replicate(4)),
            shifted.eq(Cat(Const(0, _MOST_DISTANCE), significand) >> distance),
        ]
        lost = _MOST_DISTANCE - _EXTRA_BITS + 1
        subtract = big.sign ^ small.sign
        special = big.special()
        augend, addend, subtract, sign, scale, special, nan = cut(
            m,
            registered=self._stages > 2,
            augend=Cat(Const(0, _EXTRA_BITS), big.significand(subnormals=self._subnormals)),
            addend=Cat(shifted[:lost].any(), shifted[lost:]),
            subtract=subtract,
            big_sign=big.sign,
            big_scale=big.scale(),
            big_special=special,
            nan=big.nan() | (special & small.special() & subtract),
        )
        # One adder for both: x - y is x plus the complement of y plus one.
        total = add(
            Cat(augend, Const(0, 1)).as_signed(),
            Cat(addend ^ subtract.replicate(len(addend)), subtract).as_signed(),
            subtract,
        )
        total, subtract, sign, scale, special, nan = cut(
            m,
            registered=self._stages in (2, 4),
            total=total[:_SUM_BITS],
            total_subtract=subtract,
            total_sign=sign,
            total_scale=scale,
            total_special=special,
            total_nan=nan,
        )
        m.d.comb += [
            # A difference of equal numbers is +0.
            rounded.sign.eq(sign & (total.any() | ~subtract)),
            rounded.scale.eq(scale + 1),
            rounded.significand.eq(total),
        ]
        sign, special, nan = cut(
            m,
            registered=rounded.latency > 0,
            last_sign=sign,
            last_special=special,
            last_nan=nan,
        )
        infinity = Cat(Const(FP16_INFINITY, FP16_BITS - 1), sign)
        m.d.comb += self.sum.eq(Mux(nan, FP16_NAN, Mux(special, infinity, rounded.result)))
        return m


def less(left, right):
    """Return whether one unsigned number is less than another as wide, without a chain of carries.

    Halves are compared at the same time: the upper ones decide, or else the lower ones.
    """
    width = len(left)
    if width == 1:
        return ~left & right
    half = width // 2
    above = less(left[half:], right[half:])
    equal = left[half:] == right[half:]
    return above | (equal & less(left[:half], right[:half]))
