"""Checks that no word of the weight stream has a flipped bit."""

from amaranth import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.word_check import bit_numbers, check_bits

__all__ = ["WeightCheck"]


class WeightCheck(wiring.Component):
    """Look at each word that is accepted; `rtl.word_check` says when it is whole.

    Of the bits in the order of their numbers, digit 0 of the numbers' exclusive or is the parity of
    every second bit. When neighbours are then added in pairs, digit 1 is the parity of every second
    pair, and so on; what is left is the parity of all. That takes about two exclusive ors for each
    bit of a word.

    Parameters
    ----------
    geometry : Geometry
        Width of a word.

    Members
    -------
    word : In(geometry.weight_bus_bits)
        A word of the weight stream.
    accepted : In(1)
        It is taken in this cycle.
    corrupt : Out(1)
        The word taken in the cycle before has flipped bits.
    """

    def __init__(self, geometry):
        self._bits = geometry.weight_bus_bits
        super().__init__({"word": In(self._bits), "accepted": In(1), "corrupt": Out(1)})

    def elaborate(self, platform):
        m = Module()
        digits = check_bits(self._bits) - 1
        place_of = {number: place for place, number in enumerate(bit_numbers(self._bits))}
        # A signal, as Amaranth takes an element of a long `Cat` for all of it.
        parities = Signal(1 << digits, name="ordered")
        m.d.comb += parities.eq(Cat(self.word[place_of[number]] for number in range(self._bits)))
        # How the word differs from a whole one: registered, as the way here is long.
        difference = Signal(digits + 1, reset_less=True)
        checked = Signal()
        m.d.sync += checked.eq(self.accepted)
        sums = []
        for digit in range(digits):
            sums.append(parities[1::2].xor())
            pairs = Signal(len(parities) // 2, name=f"pairs{digit}")
            m.d.comb += pairs.eq(parities[0::2] ^ parities[1::2])
            parities = pairs
        with m.If(self.accepted):
            m.d.sync += difference.eq(Cat(*sums, parities))
        m.d.comb += self.corrupt.eq(checked & difference.any())
        return m
