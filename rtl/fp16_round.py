"""From a wide significand with an exponent to a binary16 number."""

from amaranth import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.fp16_format import (
    EXPONENT_BITS,
    FP16_BITS,
    FP16_INFINITY,
    FRACTION_BITS,
    SIGNIFICAND_BITS,
)
from rtl.pipeline import cut

__all__ = ["SCALE_BITS", "Fp16Round"]

SCALE_BITS = 8


class Fp16Round(wiring.Component):
    """Normalise a significand and round it to the nearest binary16 number, ties to even.

    The significand is shifted left until its top bit is 1 or, if subnormal numbers are supported,
    the exponent has come down to 1. The exponent field of the result is that exponent, or 0 if the
    top bit is 0 even so. A magnitude from 65520 up becomes infinity.

    Parameters
    ----------
    bits : int
        Width of the significand; more than a result's significand and one bit to round by.
    most_zeros : int
        The most leading zeros that a significand other than 0 has.
    subnormals : bool
        Whether results below 2**-14 are subnormal numbers. If not, they are zero, decided by the
        magnitude before it is rounded.
    registers : int
        Pipeline registers, from 0 to 2: one before the rounding, and one before the shift.

    Members
    -------
    sign : In(1)
        Sign.
    scale : In(signed(8))
        Biased exponent of the significand's top bit; at least 1 if `subnormals`.
    significand : In(bits)
        Significand; its lowest bit may stand for any number of lower bits, of which one is 1.
    result : Out(16)
        The number, `latency` cycles later.
    """

    def __init__(self, *, bits, most_zeros, subnormals, registers=0):
        self._most_zeros = most_zeros
        self._subnormals = subnormals
        self._registers = registers
        super().__init__({
            "sign": In(1),
            "scale": In(signed(SCALE_BITS)),
            "significand": In(bits),
            "result": Out(FP16_BITS),
        })

    @property
    def latency(self):
        """Cycles from the significand to the result."""
        return self._registers

    def elaborate(self, platform):
        m = Module()
        counted = self.significand
        if self._subnormals:
            # A 1 where the exponent has come down to 1 ends the count: no comparison after it.
            limit = Const(1 << (len(counted) - 1)) >> (self.scale - 1).as_unsigned()
            counted = counted | limit
        places, significand, scale, sign = cut(
            m,
            registered=self._registers > 1,
            places=leading_zeros(counted[-self._most_zeros - 1 :]),
            counted_significand=self.significand,
            counted_scale=self.scale,
            counted_sign=self.sign,
        )
        normalised, scale, places, sign = cut(
            m,
            registered=self._registers > 0,
            normalised=shift_left(significand, places),
            normalised_scale=scale,
            normalised_places=places,
            normalised_sign=sign,
        )

        # Behind the register, since the count comes late and the shift is busy with it.
        scale = (scale - places)[:SCALE_BITS].as_signed()
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

        # A carry out of the fraction belongs to the exponent, whose next value has fraction 0. The
        # next number is ready before it is known whether it is the nearer one.
        number = Cat(fraction, exponent)
        rounded = Signal(FRACTION_BITS + SCALE_BITS - 1)
        overflow = Signal()
        field = rounded[FRACTION_BITS:]
        m.d.comb += [
            rounded.eq(Mux(up, number + 1, number)),
            overflow.eq(field[EXPONENT_BITS:].any() | field[:EXPONENT_BITS].all()),
            self.result.eq(Cat(Mux(overflow, FP16_INFINITY, rounded)[: FP16_BITS - 1], sign)),
        ]
        return m


def leading_zeros(value):
    """Return how many zeros `value` has above its highest 1; any number if it has none."""
    width = len(value)
    if width == 1:
        return Const(0, 0)
    half = 1 << ((width - 1).bit_length() - 1)
    # The upper part is a power of two wide: zeros within a part count in the bits below that power.
    low, high = value[: width - half], value[width - half :]
    none = ~high.any()
    within = Mux(none, leading_zeros(low), leading_zeros(high))
    return Cat(within[: half.bit_length() - 1], none)


def shift_left(value, places):
    """Return `value` shifted left in its own width.

    The largest step first: of a count of zeros, the highest bit is known first.
    """
    width = len(value)
    for bit in reversed(range(len(places))):
        value = Mux(places[bit], Cat(Const(0, 1 << bit), value)[:width], value)
    return value
