"""Checks that no word of the weight stream has a flipped bit."""

from amaranth import Cat, Const, Module, Signal
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
        ordered = [self.word[place_of[number]] for number in range(self._bits)]
        parities = Cat(*ordered, Const(0, (1 << digits) - self._bits))
        # How the word differs from a whole one: registered, as the way here is long.
        difference = Signal(digits + 1, reset_less=True)
        checked = Signal()
        m.d.sync += checked.eq(self.accepted)
        with m.If(self.accepted):
            for digit in range(digits):
                m.d.sync += difference[digit].eq(parities[1::2].xor())
                pairs = Signal(len(parities) // 2, name=f"pairs{digit}")
                m.d.comb += pairs.eq(parities[0::2] ^ parities[1::2])
                parities = pairs
            m.d.sync += difference[digits].eq(parities)
        m.d.comb += self.corrupt.eq(checked & difference.any())
        return m
