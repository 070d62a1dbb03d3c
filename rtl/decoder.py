"""Decoders of the weight stream: from the bits of one word to two-bit weight codes."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.shared import place

__all__ = ["Trit2Decoder", "Trit5Decoder", "WordDecoder"]


class Trit2Decoder(wiring.Component):
    """Decoder of one ``trit2`` code: passes legal codes on, and makes the illegal one weight 0.

    Members
    -------
    code : In(2)
        Bits from the stream.
    trits : Out(2)
        Two-bit code of the weight: bit 0 for +1, bit 1 for -1.
    illegal : Out(1)
        The code is none of the three legal ones.
    """

    code: In(2)
    trits: Out(2)
    illegal: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [
            self.illegal.eq(self.code.all()),
            self.trits.eq(Mux(self.illegal, 0, self.code)),
        ]
        return m


class Trit5Decoder(wiring.Component):
    """Decoder of one ``trit5`` code: five weights from eight bits.

    The trit decoding of ASTC's bounded integer sequence encoding, with its digits 0, 1 and 2
    standing for the weights 0, +1 and -1, so that a digit's two bits are the on-chip code of the
    weight.

    Members
    -------
    code : In(8)
        Bits from the stream.
    trits : Out(10)
        Two-bit codes of the five weights, the first in the lowest bits; all 0 if `code` is illegal.
    illegal : Out(1)
        The code is none of the 243 that the encoder writes.
    """

    code: In(8)
    trits: Out(10)
    illegal: Out(1)

    def elaborate(self, platform):
        m = Module()
        code = self.code
        escaped = Signal()  # the last two digits are both 2
        low = Signal(5)  # the code of the first three digits
        first, second, third, fourth, fifth = digits = [
            Signal(2, name=f"digit{i}") for i in range(5)
        ]
        m.d.comb += [
            escaped.eq(code[2:5].all()),
            low.eq(Mux(escaped, Cat(code[0:2], code[5:8]), code[0:5])),
            self.illegal.eq(
                low[2:4].all() & Mux(escaped, low[4] | low[0:2].all(), ~low[4] & low[0:2].all())
            ),
        ]
        with m.If(escaped):
            m.d.comb += [fourth.eq(2), fifth.eq(2)]
        with m.Elif(code[5:7].all()):
            m.d.comb += [fourth.eq(code[7]), fifth.eq(2)]
        with m.Else():
            m.d.comb += [fourth.eq(code[5:7]), fifth.eq(code[7])]
        with m.If(low[0:2].all()):
            m.d.comb += [first.eq(Mux(low[3], 2, low[2])), second.eq(low[4]), third.eq(2)]
        with m.Elif(low[2:4].all()):
            m.d.comb += [first.eq(low[0:2]), second.eq(2), third.eq(2)]
        with m.Else():
            m.d.comb += [first.eq(low[0:2]), second.eq(low[2:4]), third.eq(low[4])]
        m.d.comb += self.trits.eq(Mux(self.illegal, 0, Cat(*digits)))
        return m


class WordDecoder(wiring.Component):
    """Decoder of one word of the weight stream, purely combinational.

    Parameters
    ----------
    geometry : Geometry
        Encoding, width of a word, and size of a tile: places of a word that no tile can use are not
        decoded.

    Members
    -------
    word : In(geometry.weight_bus_bits)
        A word of the weight stream.
    trits : Out(ArrayLayout(2, trits))
        Two-bit code of each weight, in stream order.
    illegal : Out(1)
        The word holds an illegal code, whose weights count as 0.
    """

    def __init__(self, geometry):
        self._geometry = geometry
        self._decoder, self._group, self._code_bits = {
            "trit2": (Trit2Decoder, 1, 2),
            "trit5": (Trit5Decoder, 5, 8),
        }[geometry.weight_encoding]
        self._trits = min(geometry.word_trits, geometry.tile_trits)
        super().__init__({
            "word": In(geometry.weight_bus_bits),
            "trits": Out(data.ArrayLayout(2, self._trits)),
            "illegal": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        trits, illegal = [], []
        kind = f"{self._geometry.weight_encoding}_decoder"
        for index in range(-(-self._trits // self._group)):
            decoder = place(m, platform, f"code{index}", kind, self._decoder)
            m.d.comb += decoder.code.eq(self.word.word_select(index, self._code_bits))
            trits.append(decoder.trits)
            illegal.append(decoder.illegal)
        m.d.comb += [
            self.trits.as_value().eq(Cat(*trits)),
            self.illegal.eq(Cat(*illegal).any()),
        ]
        return m
