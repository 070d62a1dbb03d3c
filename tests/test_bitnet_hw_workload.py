"""The operators of a step, against counts worked out by hand."""

import re

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.formats import Formats
from bitnet_hw.model import Model, load_model
from bitnet_hw.operators import TernaryOperator
from bitnet_hw.workload import build_workload
from rtl.job import Job

# Two layers, two query heads on one key head, a vocabulary of 50.
MODEL = Model(
    name="small",
    hidden=8,
    layers=2,
    heads=2,
    kv_heads=1,
    head_dim=4,
    ffn=12,
    vocab=50,
    context=16,
    tied_embeddings=True,
    activation="relu2",
    sub_norms=True,
)


def operators(phase, batch, context, model=MODEL, **formats):
    workload = build_workload(
        model,
        max_tokens=4,
        phase=phase,
        batch=batch,
        context=context,
        formats=Formats(**formats),
    )
    by_name = {}
    for operator in workload.operators:
        by_name.setdefault(operator.name, []).append(operator)
    return workload, by_name


def test_decode_of_one_sequence():
    workload, found = operators("decode", 1, 10)
    assert (workload.tokens, workload.kv_tokens) == (1, 10)
    assert found["qkv_proj"] == [
        TernaryOperator(
            name="qkv_proj",
            jobs=(Job(k=8, n=8, m=1), Job(k=8, n=4, m=1), Job(k=8, n=4, m=1)),
            repeat=2,
        )
    ]
    assert found["down_proj"][0].jobs == (Job(k=12, n=8, m=1),)
    [attention] = found["attention"]
    assert attention.repeat == 2
    # Scores and values: 2 x 10 tokens x 8 query channels.
    assert attention.macs == 160
    # Keys and values of 9 tokens read and of 1 written: 10 x 2 x 4 channels x 2 bytes.
    assert attention.dram_bytes == {"kv_cache": 160}
    # 20 scores, each 6 multiplications and 7 additions.
    assert (attention.multiplies, attention.adds) == (120, 140)
    [head] = found["lm_head"]
    assert (head.macs, head.dram_bytes) == (400, {"lm_head": 800})


def test_element_wise_work():
    _, found = operators("decode", 1, 10)
    counts = {
        name: (operator.repeat, operator.multiplies, operator.adds)
        for name, [operator] in found.items()
        if operator.name not in ("attention", "lm_head") and not hasattr(operator, "jobs")
    }
    assert counts == {
        # input 8, post-attention 8, before o_proj 8, before down_proj 12: 36 elements.
        "norms": (2, 108, 36),
        # The same 36 are quantised.
        "quantize": (2, 36, 72),
        # q 8, k 4, v 4, o 8, gate 12, up 12, down 8: 56 results.
        "dequantize": (2, 56, 56),
        # q 8, k 4.
        "rotary": (2, 24, 12),
        # 12 channels: square and gate; compare.
        "activation": (2, 24, 12),
        "residual": (2, 0, 16),
        "embedding": (1, 0, 0),
        "final_norm": (1, 24, 8),
    }
    assert found["norms"][0].dram_bytes == {"norms": 72}
    assert found["embedding"][0].dram_bytes == {"embedding": 16}


def test_silu_without_sub_norms_or_gate():
    model = MODEL.model_copy(update={"activation": "silu", "sub_norms": False, "gated": False})
    _, found = operators("decode", 1, 10, model)
    assert found["activation"][0].multiplies == 12 * 6
    assert found["activation"][0].adds == 12 * 5
    assert found["norms"][0].multiplies == 16 * 3
    assert found["dequantize"][0].adds == 44


def test_decode_splits_a_batch_into_chunks():
    workload, found = operators("decode", 10, 5)
    assert workload.tokens == 10
    # Chunks of 4, 4 and 2 tokens, in 2 layers.
    assert [(o.jobs[0].m, o.repeat) for o in found["o_proj"]] == [(4, 4), (2, 2)]
    assert [(o.macs // 400, o.repeat) for o in found["lm_head"]] == [(4, 2), (2, 1)]
    kv_bytes = sum(o.repeat * o.dram_bytes["kv_cache"] for o in found["attention"])
    # Each sequence has its own cache: 10 x 5 tokens x 16 bytes x 2 layers.
    assert kv_bytes == 1600


def test_prefill():
    workload, found = operators("prefill", 3, 10)
    assert (workload.tokens, workload.kv_tokens) == (30, 30)
    assert [(o.jobs[0].m, o.repeat) for o in found["o_proj"]] == [(4, 12), (2, 6)]
    # Token t attends to t tokens: 55 in all, for scores and for values, 8 channels.
    assert sum(o.repeat * o.macs for o in found["attention"]) == 3 * 2 * 2 * 55 * 8
    # Chunks read 0, 4 and 8 tokens from the cache and write 10.
    kv_bytes = sum(o.repeat * o.dram_bytes["kv_cache"] for o in found["attention"])
    assert kv_bytes == 3 * 2 * (12 + 10) * 16
    # Logits of the last token of each sequence only, computed together.
    assert [(o.macs // 400, o.repeat) for o in found["lm_head"]] == [(3, 1)]


def test_lm_head_of_2b4t():
    model = load_model("bitnet-b1.58-2b-4t")
    workload = build_workload(model, max_tokens=8, phase="decode", batch=1, context=512)
    [head] = [operator for operator in workload.operators if operator.name == "lm_head"]
    assert head.dram_bytes == {"lm_head": 656_670_720}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"phase": "train"}, "phase must be one of decode, prefill, not 'train'"),
        ({"batch": 0}, "batch must be an integer from 1 to 65536, not 0"),
        ({"batch": 10**9}, "batch must be an integer from 1 to 65536, not 1000000000"),
        (
            {"context": 0},
            "context must be an integer from 1 to 16, the longest sequence of small, not 0",
        ),
        (
            {"context": 17},
            "context must be an integer from 1 to 16, the longest sequence of small, not 17",
        ),
    ],
)
def test_out_of_range(change, message):
    arguments = {"phase": "decode", "batch": 1, "context": 8, **change}
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        build_workload(MODEL, max_tokens=4, **arguments)


def test_narrow_kv_cache():
    _, found = operators("decode", 1, 10, kv_cache_bits=4)
    [attention] = found["attention"]
    # 10 tokens x 2 x 4 channels of half a byte, each converted once.
    assert attention.dram_bytes == {"kv_cache": 40}
    assert attention.multiplies == 120 + 80
    assert attention.macs == 160


def test_int8_head():
    _, found = operators("decode", 1, 10, lm_head="int8")
    [head] = found["lm_head"]
    assert (head.number, head.macs, head.dram_bytes) == ("int8", 400, {"lm_head": 400})
    # 8 inputs are quantised, 50 results scaled.
    assert (head.multiplies, head.adds) == (8 + 50, 16 + 50)


def test_ternary_head_is_one_more_layer():
    _, found = operators("decode", 3, 10, lm_head="ternary")
    [head] = found["lm_head"]
    assert head == TernaryOperator(
        name="lm_head", jobs=(Job(k=8, n=50, m=3),), repeat=1, kind="lm_head"
    )
    [scales] = found["lm_head_scales"]
    assert (scales.multiplies, scales.adds, scales.dram_bytes) == (3 * 58, 3 * 66, {})


def test_chunks():
    assert operators("decode", 10, 5)[0].chunks == (4, 4, 2)
    assert operators("prefill", 2, 6)[0].chunks == (4, 4, 2, 2)
