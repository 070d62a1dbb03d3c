"""Codes of five trits in each way, against numbers worked out by hand."""

import numpy as np
import pytest

from benchmarks import decoders
from benchmarks.decoders import DECODERS


def code(name, *digits):
    return int(DECODERS[name].encode(np.array([digits]))[0])


def test_codes_by_hand():
    # 1 + 2 x 3 + 0 x 9 + 0 x 27 + 2 x 81.
    assert code("base 3, checked", 1, 2, 0, 0, 2) == 169
    # The first digit counts the most: 81 + 2 x 27 + 2 = 137 of 243, in 256ths 144.3.
    assert code("fixed point, unchecked", 1, 2, 0, 0, 2) == 145
    assert code("two bits, checked", 1, 2, 0, 0, 2) == 0b10_00_00_10_01
    assert code("ASTC, checked (rtl/decoder.py)", 0, 0, 0, 0, 0) == 0


@pytest.mark.parametrize("decoder", DECODERS.values(), ids=DECODERS)
def test_every_group_has_a_code_of_its_own(decoder):
    groups = decoders.every_group()[:243]
    codes = decoder.encode(groups)
    assert len(set(codes.tolist())) == 243
    assert codes.min() >= 0
    assert codes.max() < 2**decoder.bits


def test_fixed_point_decodes_by_multiplying():
    groups = decoders.every_group()
    left = DECODERS["fixed point, unchecked"].encode(groups)
    for place in range(5):
        assert (left * 3 >> 8 == groups[:, place]).all()
        left = left * 3 & 255


def test_outputs_follow_codes_by_two_registers():
    decoder = DECODERS["base 3, checked"]
    taken = decoders.stimulus_of(decoder, decoders.every_group())
    trits = taken.expected["trits"][0] @ (1 << np.arange(10))
    assert trits[2:5].tolist() == [0b00, 0b01, 0b10]
    assert not taken.expected["illegal"].any()
    assert (taken.skipped, taken.steps, taken.cycles) == (2, 243, 245)


def test_stream_is_made_of_weights():
    groups = decoders.stream_groups("uniform")
    assert groups.shape == (4096, 5)
    assert sorted(np.unique(groups).tolist()) == [0, 1, 2]


def test_ports_of_unchecked_decoders():
    part = decoders.decoder_part(DECODERS["base 3, unchecked"])
    assert "illegal" not in part.verilog
    assert "10'bx" in part.verilog
