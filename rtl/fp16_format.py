"""The format of IEEE 754 binary16 numbers."""

from amaranth import Cat
from amaranth.lib import data

__all__ = [
    "EXPONENT_BITS",
    "FP16_BITS",
    "FP16_INFINITY",
    "FP16_NAN",
    "FRACTION_BITS",
    "SIGNIFICAND_BITS",
    "Fp16",
]

FP16_BITS = 16
FRACTION_BITS = 10
SIGNIFICAND_BITS = FRACTION_BITS + 1
EXPONENT_BITS = 5

FP16_INFINITY = 0x7C00
"""Plus infinity; the exponent of all infinities and NaNs."""

FP16_NAN = 0x7E00
"""The one NaN that our arithmetic makes: quiet, positive, without a payload."""


class Fp16(data.Struct):
    """A view of 16 bits as a binary16 number."""

    fraction: FRACTION_BITS
    exponent: EXPONENT_BITS
    sign: 1

    def special(self):
        """Return whether it is an infinity or a NaN."""
        return self.exponent.all()

    def nan(self):
        """Return whether it is a NaN."""
        return self.special() & self.fraction.any()

    def significand(self, *, subnormals):
        """Return fraction and hidden bit; a subnormal number counts as zero if not `subnormals`."""
        normal = self.exponent.any()
        fraction = self.fraction if subnormals else self.fraction & normal.replicate(FRACTION_BITS)
        return Cat(fraction, normal)

    def scale(self):
        """Return the biased exponent of the hidden bit: that of subnormal numbers is 1, too."""
        return Cat(self.exponent[0] | ~self.exponent.any(), self.exponent[1:])
