"""cocotb test of the weight-word decoder: every code in every place of a word.

Parameters of the run, read from its JSON file: `geometry`.
"""

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer

from rtl.geometry import Geometry
from rtl.trit import TRIT_CODES, pack_word, unpack_word
from sim.bench import parameters, report, seed

_SETTLE_NS = 1


@cocotb.test()
async def all_codes(dut: Any) -> None:
    """Each byte in each place, legal weights around it: codes of the weights, and `illegal`."""
    geometry = Geometry(**parameters()["geometry"])
    encoding, bits = geometry.weight_encoding, geometry.weight_bus_bits
    rng = random.Random(seed())
    words = illegal_words = 0
    for place in range(0, bits, 8):
        for code in range(256):
            weights = [rng.choice((-1, 0, 1)) for _ in range(geometry.word_trits)]
            word = pack_word(weights, encoding=encoding, bits=bits)
            word = word & ~(0xFF << place) | code << place
            dut.word.value = word
            await Timer(_SETTLE_NS, unit="ns")
            decoded = unpack_word(word, encoding=encoding, bits=bits)
            expected = sum(
                TRIT_CODES[weight or 0] << 2 * index for index, weight in enumerate(decoded)
            )
            actual = int(dut.trits.value)
            assert actual == expected, f"{word:#x}: expected {expected:#x}, got {actual:#x}"
            illegal = None in decoded
            assert bool(dut.illegal.value) == illegal, f"{word:#x}: illegal must be {illegal}"
            words += 1
            illegal_words += illegal
    report({"words": words, "illegal_words": illegal_words})
