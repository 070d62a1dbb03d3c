# amaranth: UnusedElaboratable=no
"""Targets of mutation that decode weights: what they must give is in the tables of `rtl.trit`."""
# Amaranth has no type information.
# mypy: allow-untyped-defs, allow-untyped-calls

import random
from collections.abc import Iterator

from amaranth import Module
from amaranth.lib import data

from benchmarks.mutants import Target
from benchmarks.mutate_modules import Bench, Values, module_target, weight_codes
from rtl.decoder import Trit2Decoder, Trit5Decoder, WordDecoder
from rtl.geometry import Geometry
from rtl.trit import TRIT5_DECODE, unpack_word

__all__ = ["trit2", "trit5", "word_decoder"]


def trit2() -> Target:
    """Return the decoder of a trit2 code, with every code."""
    return _decoder("Trit2Decoder", Trit2Decoder(), [(0,), (1,), (-1,), None])


def trit5() -> Target:
    """Return the decoder of a trit5 code, with every code."""
    return _decoder("Trit5Decoder", Trit5Decoder(), list(TRIT5_DECODE))


def _decoder(name: str, dut: object, table: list[tuple[int, ...] | None]) -> Target:
    def connect(m: Module, inputs, outputs) -> None:
        m.submodules.dut = dut
        m.d.comb += [
            dut.code.eq(inputs.code),
            outputs.trits.eq(dut.trits),
            outputs.illegal.eq(dut.illegal),
        ]

    bench = Bench({"code": dut.code.shape()}, {"trits": dut.trits.shape(), "illegal": 1}, connect)
    cycles = (
        ({"code": code}, {"trits": weight_codes(weights or ()), "illegal": weights is None})
        for code, weights in enumerate(table)
    )
    return module_target(name, bench, cycles)


def word_decoder(encoding: str) -> Target:
    """Return the decoder of a word of which the tile uses three codes and a part."""
    bits = {"trit2": 24, "trit5": 40}[encoding]
    geometry = Geometry(
        **{"rows": 3, "lanes": 4 if encoding == "trit5" else 3},
        **{"weight_encoding": encoding, "weight_bus_bits": bits, "max_k": 4},
        output_bus_words=1,
    )
    dut = WordDecoder(geometry)
    group = {"trit2": 1, "trit5": 5}[encoding]
    used = geometry.tile_trits

    def connect(m: Module, inputs, outputs) -> None:
        m.submodules.dut = dut
        m.d.comb += [
            dut.word.eq(inputs.word),
            outputs.trits.eq(dut.trits),
            outputs.illegal.eq(dut.illegal),
        ]

    def cycles() -> Iterator[tuple[Values, Values]]:
        rng = random.Random(1)
        for _ in range(3000):
            word = rng.getrandbits(bits)
            weights = unpack_word(word, encoding=encoding, bits=bits)
            decoded = weights[: -(-used // group) * group]
            yield (
                {"word": word},
                {"trits": weight_codes(weights[:used]), "illegal": None in decoded},
            )

    fields = {"trits": data.ArrayLayout(2, used), "illegal": 1}
    return module_target(
        f"WordDecoder {encoding}", Bench({"word": bits}, fields, connect), cycles()
    )
