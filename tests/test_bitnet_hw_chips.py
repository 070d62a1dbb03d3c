"""Models divided among chips, and what the chips exchange."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.chips import Chips, exchanges, shard
from bitnet_hw.config import load_config
from bitnet_hw.errors import ConfigError
from bitnet_hw.model import load_model
from bitnet_hw.operators import LinkOperator, Workload
from tests.small_model import SMALL

LARGE = load_model("bitnet-b1.58-2b-4t")


def exchanged(tensor, pipeline, chunks):
    step = Workload(tokens=sum(chunks), kv_tokens=0, chunks=chunks, operators=())
    return list(exchanges(SMALL, Chips(tensor=tensor, pipeline=pipeline), step))


def test_count():
    assert Chips().count == 1
    assert Chips(tensor=3, pipeline=4).count == 12


@pytest.mark.parametrize(
    ("tensor", "heads", "kv_heads", "ffn", "vocab"),
    [(1, 4, 2, 160, 500), (2, 2, 1, 80, 250), (3, 2, 1, 54, 167), (4, 1, 1, 40, 125)],
)
def test_shard(tensor, heads, kv_heads, ffn, vocab):
    part = shard(SMALL, Chips(tensor=tensor))
    assert (part.heads, part.kv_heads, part.ffn, part.vocab) == (heads, kv_heads, ffn, vocab)
    assert (part.hidden, part.layers, part.head_dim) == (64, 2, 16)


def test_a_shard_has_whole_groups_of_heads():
    # 20 query heads on 5 key heads, four on each: the larger of two chips has three groups.
    part = shard(LARGE, Chips(tensor=2))
    assert (part.heads, part.kv_heads) == (12, 3)
    # More chips than key heads: each head is on two or more of them.
    part = shard(LARGE, Chips(tensor=10))
    assert (part.heads, part.kv_heads) == (2, 1)


@pytest.mark.parametrize(
    ("chips", "message"),
    [
        ({"tensor": 5}, "chips.tensor must be at most 4, the heads of small, not 5"),
        ({"pipeline": 3}, "chips.pipeline must be at most 2, the layers of small, not 3"),
    ],
)
def test_too_many(chips, message):
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        shard(SMALL, Chips(**chips))


@given(st.integers(1, 20))
def test_shards_hold_the_model_together(tensor):
    part = shard(LARGE, Chips(tensor=tensor))
    for size in ("ternary_parameters", "embedding_parameters", "heads", "kv_heads", "ffn"):
        assert getattr(LARGE, size) <= tensor * getattr(part, size)
        assert getattr(part, size) <= getattr(LARGE, size)


def test_one_chip_exchanges_nothing():
    assert exchanged(1, 1, (8, 8)) == []


def test_rings():
    # Two layers, twice in each: 8 and 4 tokens, for which 3 of 4 chips send 2/4 of all numbers.
    assert exchanged(4, 1, (8, 4)) == [
        LinkOperator(name="scale_exchange", repeat=4, link_bytes=48, messages=6),
        LinkOperator(name="sum_exchange", repeat=4, link_bytes=48 * 64, messages=6),
        LinkOperator(name="scale_exchange", repeat=4, link_bytes=24, messages=6),
        LinkOperator(name="sum_exchange", repeat=4, link_bytes=24 * 64, messages=6),
    ]


def test_stages():
    # Activations of 8 tokens, 64 of 2 bytes each, once for each of three chunks.
    assert exchanged(1, 2, (8, 8, 8)) == [
        LinkOperator(name="stage_handover", repeat=3, link_bytes=1024, messages=1)
    ]


def test_both():
    assert [(operator.name, operator.repeat) for operator in exchanged(2, 2, (8,))] == [
        ("scale_exchange", 4),
        ("sum_exchange", 4),
        ("stage_handover", 1),
    ]


def test_a_link_moves_something():
    with pytest.raises(
        ConfigError, match=r": chips\.link must be a link whose gb_per_s is above 0$"
    ):
        load_config("edge", {"chips.link.gb_per_s": 0})
