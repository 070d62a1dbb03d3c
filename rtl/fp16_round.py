"""From a wide significand with an exponent to a binary16 number."""

from amaranth import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.fp16_format import (
    FP16_BITS,
    FP16_INFINITY,
    FRACTION_BITS,
    SIGNIFICAND_BITS,
)

__all__ = ["Fp16Round"]

SCALE_BITS = 8


class Fp16Round(wiring.Component):
    """Normalise a significand and round it to the nearest binary16 number, ties to even.

    The significand is shifted left until its top bit is 1 or, if subnormal numbers are supported,
    the exponent has come down to 1. The exponent field of the result is that exponent, or 0 if the
    top bit is 0 even so. A magnitude from 65520 up becomes infinity.

    Combinational.

    Parameters
    ----------
    bits : int
        Width of the significand; more than a result's significand and one bit to round by.
    most_zeros : int
        The most leading zeros that a significand other than 0 has.
    subnormals : bool
        Whether results below 2**-14 are subnormal numbers. If not, they are zero, decided by the
        magnitude before it is rounded.

    Members
    -------
    sign : In(1)
        Sign.
    scale : In(signed(8))
        Biased exponent of the significand's top bit; at least 1 if `subnormals`.
    significand : In(bits)
        Significand; its lowest bit may stand for any number of lower bits, of which one is 1.
    result : Out(16)
        The number.
    """

    def __init__(self, *, bits, most_zeros, subnormals):
        self._most_zeros = most_zeros
        self._subnormals = subnormals
        super().__init__({
            "sign": In(1),
            "scale": In(signed(SCALE_BITS)),
            "significand": In(bits),
            "result": Out(FP16_BITS),
        })

    def elaborate(self, platform):
        m = Module()
        zeros = leading_zeros(self.significand[-self._most_zeros :])
        shift = Signal(len(zeros))
        if self._subnormals:
            m.d.comb += shift.eq(Mux(zeros < self.scale, zeros, self.scale - 1))
        else:
            m.d.comb += shift.eq(zeros)
        normalised = Signal.like(self.significand)
        scale = Signal(signed(SCALE_BITS))
        m.d.comb += [normalised.eq(self.significand << shift), scale.eq(self.scale - shift)]

        kept = normalised[-SIGNIFICAND_BITS:]
        below = normalised[:-SIGNIFICAND_BITS]
        up = below[-1] & (below[:-1].any() | kept[0])
        vanished = ~kept[-1]
        fraction = kept[:-1]
        if not self._subnormals:
            vanished |= scale < 1
            fraction &= ~vanished.replicate(FRACTION_BITS)
            up &= ~vanished
        exponent = scale[:-1] & ~vanished.replicate(SCALE_BITS - 1)

        # A carry out of the fraction belongs to the exponent, whose next value has fraction 0.
        rounded = Signal(FRACTION_BITS + SCALE_BITS - 1)
        overflow = Signal()
        m.d.comb += [
            rounded.eq(Cat(fraction, exponent) + up),
            overflow.eq(rounded >= FP16_INFINITY),
            self.result.eq(Cat(Mux(overflow, FP16_INFINITY, rounded)[: FP16_BITS - 1], self.sign)),
        ]
        return m


def leading_zeros(value):
    """Return how many zeros `value` has above its highest 1: its width if there is none."""
    width = len(value)
    if width == 1:
        return ~value
    half = 1 << ((width - 1).bit_length() - 1)
    # The upper part is a power of two wide: its count is that power or fits in the bits below it.
    low, high = value[: width - half], value[width - half :]
    high_zeros, low_zeros = leading_zeros(high), leading_zeros(low)
    return Mux(high.any(), high_zeros, Const(half) + low_zeros)
