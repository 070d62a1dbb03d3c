"""Bytes in memory, in all and on the fullest chip, against sums worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.chips import shard
from bitnet_hw.config import load_config
from bitnet_hw.stored_bytes import fullest_chip_bytes, stored_bytes
from tests.small_model import SMALL

TIED = SMALL.model_copy(update={"tied_embeddings": True})


def stored(model=SMALL, tokens=64, **changes):
    config = load_config("edge", {key.replace("__", "."): value for key, value in changes.items()})
    part = shard(model, config.chips)
    sizes = stored_bytes(config, part, tokens)
    return sizes, fullest_chip_bytes(config, part, sizes)


def test_one_chip():
    sizes, fullest = stored()
    assert sizes == {
        # In each of 2 layers 16 + 8 + 8 + 16 + 40 + 40 + 32 tiles of 16 x 20, 64 bytes each.
        "ternary_weights": 2 * 160 * 64,
        "embeddings": 500 * 64 * 2,
        "lm_head": 500 * 64 * 2,
        # In each layer 64 + 64 + 64 + 160 weights, and 64 at the end.
        "norms": (2 * 352 + 64) * 2,
        # 64 tokens, 2 layers, keys and values of 32 channels.
        "kv_cache": 64 * 2 * 2 * 32 * 2,
    }
    assert fullest == sum(sizes.values()) == 166_400


@pytest.mark.parametrize(
    ("model", "lm_head", "size"),
    [
        (SMALL, "fp16", 64_000),
        (SMALL, "int8", 32_000),
        # 4 x 32 tiles.
        (SMALL, "ternary", 128 * 64),
        # The table serves as a head in its own format only.
        (TIED, "fp16", 0),
        (TIED, "int8", 32_000),
        (TIED, "ternary", 128 * 64),
    ],
)
def test_lm_head(model, lm_head, size):
    assert stored(model, formats__lm_head=lm_head)[0]["lm_head"] == size


def test_narrow_cache():
    assert stored(formats__kv_cache_bits=3)[0]["kv_cache"] == 16_384 * 3 // 16


def test_chips_that_share_layers():
    sizes, fullest = stored(chips__tensor=2)
    assert sizes == {
        # 8 + 4 + 4 + 8 + 20 + 20 + 16 tiles on each of two chips.
        "ternary_weights": 2 * 2 * 80 * 64,
        "embeddings": 64_000,
        "lm_head": 64_000,
        # Norms of whole inputs are on both.
        "norms": 2 * (2 * (64 + 64 + 32 + 80) + 64) * 2,
        "kv_cache": 16_384,
    }
    assert fullest == sum(sizes.values()) / 2


def test_stages():
    # A layer of two, and the table or the head.
    assert stored(chips__pipeline=2)[1] == (20_480 + 1536 + 16_384) / 2 + 64_000
    assert stored(TIED, chips__pipeline=2)[1] == (20_480 + 1536 + 16_384) / 2 + 64_000


@given(st.integers(1, 4), st.integers(1, 2), st.integers(0, 1000))
def test_chips_hold_together_at_least_what_one_holds(tensor, pipeline, tokens):
    alone, one = stored(tokens=tokens)
    sizes, fullest = stored(tokens=tokens, chips__tensor=tensor, chips__pipeline=pipeline)
    assert all(sizes[kind] >= size for kind, size in alone.items())
    assert fullest * tensor * pipeline >= one
    assert fullest <= one
