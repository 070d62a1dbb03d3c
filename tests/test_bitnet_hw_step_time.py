"""Cycles of a step on one chip and in a pipeline, against sums worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.chips import Chips
from bitnet_hw.model import load_model
from bitnet_hw.operators import Workload
from bitnet_hw.step_time import step_cycles

MODEL = load_model("bitnet-b1.58-3b").model_copy(update={"layers": 4})


def taken(cycles, pipeline=1, chunks=1, phase="decode"):
    step = Workload(tokens=chunks, kv_tokens=chunks, chunks=(1,) * chunks, operators=())
    return step_cycles(cycles, MODEL, Chips(pipeline=pipeline), step, phase)


def test_one_after_the_other():
    cycles = {"qkv_proj": 800, "attention": 200, "lm_head": 100}
    assert taken(cycles, chunks=3) == 1100
    assert taken(cycles, chunks=3, phase="prefill") == 1100


@pytest.mark.parametrize(
    ("chunks", "phase", "expected"),
    [
        # A single chunk passes both stages and the link: nothing else could be in them.
        (1, "decode", 1200),
        (1, "prefill", 1200),
        # Four layers of 200, of which two are in the slower stage, with 300 that are in no layer:
        # 700 for all chunks there; 300 for a chunk in both and on the link.
        (4, "decode", 700),
        # The first chunk takes 300, three more 175 each.
        (4, "prefill", 825),
    ],
)
def test_two_stages(chunks, phase, expected):
    cycles = {"o_proj": 800, "embedding": 50, "lm_head": 250, "stage_handover": 100}
    assert taken(cycles, 2, chunks, phase) == expected


def test_the_slowest_stage_has_the_most_layers():
    # Three stages of four layers: 2, 1 and 1.
    assert taken({"o_proj": 400}, 3, 100) == 200


WORK = st.integers(0, 10_000).map(lambda cycles: 4 * cycles)


@given(WORK, st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 500))
def test_many_chunks_approach_the_slowest_stage(layers, once, pipeline, chunks):
    cycles = {"o_proj": layers * chunks, "lm_head": once * chunks}
    whole = (layers + once) * chunks
    slowest = (layers // 4 * -(-4 // pipeline) + once) * chunks
    decode, prefill = (taken(cycles, pipeline, chunks, phase) for phase in ("decode", "prefill"))
    assert slowest <= prefill <= slowest + layers + once
    assert max(slowest, layers + once) == decode if pipeline > 1 else decode == whole
    assert decode <= prefill <= whole


@given(WORK, st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 100))
def test_more_stages_never_take_longer(layers, once, pipeline, chunks):
    cycles = {"o_proj": layers * chunks, "lm_head": once * chunks}
    for phase in ("decode", "prefill"):
        assert taken(cycles, pipeline + 1, chunks, phase) <= taken(cycles, pipeline, chunks, phase)
