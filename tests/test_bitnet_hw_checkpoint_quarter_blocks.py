"""The packed layout, weight by weight and against transformers."""

import numpy as np
import pytest
import torch

from bitnet_hw.checkpoint.quarter_blocks import QuarterBlocks
from bitnet_hw.checkpoint.ternary import TwoBitCodes


def codes_of(packed, start=0, stop=None):
    blocks = QuarterBlocks(np.asarray(packed, np.uint8), 0, np.float32(1))
    return blocks.rows(start, 4 * len(packed) if stop is None else stop)


def test_literal():
    # Row r of 8 is in row r % 2, bits 2 (r // 2): +1 -1 in row 0, 0 0 in rows 1 to 7.
    assert codes_of([[0b01010110, 0b01010100], [0b01010101, 0b01010101]])[:2].tolist() == [
        [2, 0],
        [1, 1],
    ]


@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning")
@pytest.mark.parametrize(("n", "k"), [(4, 1), (8, 3), (12, 7), (64, 16), (100, 33), (640, 256)])
def test_transformers_packs_the_same(n, k):
    from transformers.integrations.bitnet import pack_weights, unpack_weights

    ternary = torch.randint(-1, 2, (n, k), generator=torch.Generator().manual_seed(n))
    # pack_weights changes its argument.
    packed = pack_weights(ternary.to(torch.int8).clone())
    codes = codes_of(packed.numpy())
    np.testing.assert_array_equal(codes.astype(np.int8) - 1, ternary.numpy())
    # Compiling each shape takes seconds.
    with torch.compiler.set_stance("force_eager"):
        unpacked = unpack_weights(packed, dtype=torch.float32)
    np.testing.assert_array_equal(codes.astype(np.float32) - 1, unpacked.numpy())


@pytest.mark.parametrize("first_row", [0, 1, 5])
def test_every_range_of_rows(first_row):
    packed = np.random.default_rng(1).integers(0, 256, (5, 11), np.uint8)
    whole = np.concatenate([packed >> 2 * lane & 3 for lane in range(4)])
    blocks = QuarterBlocks(packed, first_row, np.float32(1))
    for start in range(20 - first_row):
        for stop in range(start, 21 - first_row):
            wanted = whole[first_row + start : first_row + stop]
            np.testing.assert_array_equal(blocks.rows(start, stop), wanted)


def test_places_are_those_of_the_rows():
    packed = np.random.default_rng(2).integers(0, 256, (5, 3), np.uint8)
    for first_row in (0, 4, 7):
        blocks = QuarterBlocks(packed, first_row, np.float32(1))
        places, shifts = blocks.places(20 - first_row)
        found = blocks.packed[places] >> shifts[:, None] & 3
        np.testing.assert_array_equal(found, blocks.rows(0, 20 - first_row))
    assert isinstance(blocks, TwoBitCodes)
