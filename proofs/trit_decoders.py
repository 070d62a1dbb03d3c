"""Decoders: every code means what docs/architecture.md says, and every group of weights has one."""

import itertools
import re
from pathlib import Path

from amaranth import Array, Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofs.claims import claim
from proofs.prover import Proof
from rtl.decoder import Trit2Decoder, Trit5Decoder
from rtl.trit import TRIT_CODES, pack_word

__all__ = ["PROOFS"]

_PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"


def illegal_codes():
    """Return the illegal codes of trit5 as the page lists them."""
    line = re.search(r"they are illegal: ((?:[0-9A-F]{2} ?)+)\.", _PAGE.read_text("utf-8"))
    return {int(code, 16) for code in line[1].split()}


def page_digits(t):
    """Return the digits w0 to w4 of a code, by the page's rule, word for word."""

    def bits(number, high, low):
        return number >> low & (1 << high - low + 1) - 1

    if bits(t, 4, 2) == 0b111:
        c, w4, w3 = bits(t, 7, 5) << 2 | bits(t, 1, 0), 2, 2
    else:
        c = bits(t, 4, 0)
        if bits(t, 6, 5) == 0b11:
            w4, w3 = 2, bits(t, 7, 7)
        else:
            w4, w3 = bits(t, 7, 7), bits(t, 6, 5)
    if bits(c, 1, 0) == 0b11:
        w2, w1 = 2, bits(c, 4, 4)
        w0 = bits(c, 3, 3) << 1 | (bits(c, 2, 2) & ~bits(c, 3, 3) & 1)
    elif bits(c, 3, 2) == 0b11:
        w2, w1, w0 = 2, 2, bits(c, 1, 0)
    else:
        w2, w1, w0 = bits(c, 4, 4), bits(c, 3, 2), bits(c, 1, 0)
    return w0, w1, w2, w3, w4


class _OfDecoder(wiring.Component):
    """A specification of a decoder, which a twin replaces by a broken one."""

    def __init__(self, decoder):
        self._decoder = decoder
        super().__init__()


class Trit5Table(_OfDecoder):
    """All 256 codes of trit5."""

    code: In(8)

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = self._decoder()
        illegal = illegal_codes()
        words = [
            0 if code in illegal else sum(w << 2 * i for i, w in enumerate(page_digits(code)))
            for code in range(256)
        ]
        expected = Array(Const(word, 10) for word in words)[self.code]
        is_illegal = Array(Const(code in illegal, 1) for code in range(256))[self.code]
        m.d.comb += decoder.code.eq(self.code)
        claim(m, "weights_are_those_of_the_page", decoder.trits == expected)
        claim(m, "illegal_codes_are_those_of_the_page", decoder.illegal == is_illegal)
        return m


class EveryGroup(_OfDecoder):
    """All 243 groups of five weights, as the encoder packs them."""

    group: In(8)

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = self._decoder()
        groups = list(itertools.product((0, 1, -1), repeat=5))
        codes = [pack_word(group, encoding="trit5", bits=8) for group in groups]
        words = [sum(TRIT_CODES[w] << 2 * i for i, w in enumerate(group)) for group in groups]
        inside = self.group < len(groups)
        code = Array(Const(code, 8) for code in codes)[self.group]
        word = Array(Const(word, 10) for word in words)[self.group]
        m.d.comb += decoder.code.eq(code)
        claim(m, "what_was_packed_comes_out", ~inside | (decoder.trits == word))
        claim(m, "what_was_packed_is_legal", ~inside | ~decoder.illegal)
        return m


class Trit2Table(_OfDecoder):
    """All four codes of trit2: the page's table."""

    code: In(2)

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = self._decoder()
        m.d.comb += decoder.code.eq(self.code)
        expected = Array(Const(trits, 2) for trits in (0b00, 0b01, 0b10, 0b00))[self.code]
        claim(m, "weights_are_those_of_the_page", decoder.trits == expected)
        claim(m, "only_11_is_illegal", decoder.illegal == (self.code == 0b11))
        return m


class _OneWrong(wiring.Component):
    """A decoder that gets one weight of one code wrong."""

    code: In(8)
    trits: Out(10)
    illegal: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.submodules.it = it = Trit5Decoder()
        m.d.comb += [
            it.code.eq(self.code),
            self.trits.eq(it.trits ^ (self.code == 0x5B)),
            self.illegal.eq(it.illegal),
        ]
        return m


class _Unchecked(wiring.Component):
    """A decoder of trit2 that lets the illegal code pass."""

    code: In(2)
    trits: Out(2)
    illegal: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [self.trits.eq(self.code), self.illegal.eq(self.code.all())]
        return m


PROOFS = (
    Proof(
        name="trit5-table",
        promise="Each of the 256 codes means the weights, or is illegal, as the page says.",
        spec=lambda: Trit5Table(Trit5Decoder),
        broken={"weights_are_those_of_the_page": lambda: Trit5Table(_OneWrong)},
        method="all inputs",
        size="256 codes",
    ),
    Proof(
        name="trit5-groups",
        promise="Each of the 243 groups of five weights has a code, and comes out as it went in.",
        spec=lambda: EveryGroup(Trit5Decoder),
        broken={"what_was_packed_comes_out": lambda: EveryGroup(_OneWrong)},
        method="all inputs",
        size="243 groups",
    ),
    Proof(
        name="trit2-table",
        promise="The three legal codes mean their weights, and 11 is illegal and counts as 0.",
        spec=lambda: Trit2Table(Trit2Decoder),
        broken={"weights_are_those_of_the_page": lambda: Trit2Table(_Unchecked)},
        method="all inputs",
        size="4 codes",
    ),
)
