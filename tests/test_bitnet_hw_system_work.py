"""What a step asks for, counted by hand."""

import pytest

from bitnet_hw.model import Model
from bitnet_hw.system_routes import OPERATORS
from bitnet_hw.system_work import model_work

# 2 layers of q 8x8, k and v 8x4, o 8x8, gate and up 8x16, down 16x8: 576 weights each.
MODEL = Model(
    **{"hidden": 8, "layers": 2, "heads": 4, "kv_heads": 2, "head_dim": 2, "ffn": 16},
    **{"vocab": 10, "context": 64, "tied_embeddings": True},
    activation="silu",
    sub_norms=True,
)


def work(**step):
    return {item.operator: item for item in model_work(MODEL, **step)}


def test_order_is_that_of_the_names():
    items = model_work(MODEL, phase="decode", batch=1, context=1)
    assert tuple(item.operator for item in items) == OPERATORS


def test_decode():
    items = work(phase="decode", batch=3, context=5)
    linear = items["linear"]
    assert (linear.weights, linear.macs, linear.vectors, linear.runs) == (1152, 3456, 3, 8)
    # 2 layers x 2 x 8 multiply-accumulates for each of 3 x 5 pairs.
    assert items["attention"].macs == 480
    # 2 layers, keys and values of 4 numbers, 15 tokens.
    assert items["attention"].cached == 240
    assert (items["lm_head"].macs, items["lm_head"].weights) == (240, 80)
    # 3 tokens x 2 layers x 2 x 8.
    assert items["norms"].elements == 96
    assert items["sub_norms"].elements == 3 * 2 * 24
    assert items["quantize"].elements == 3 * 2 * 40
    assert items["rotary"].elements == 3 * 2 * 12
    assert items["activation"].elements == 96
    assert items["residual"].elements == 96
    assert items["embedding"].elements == 24


def test_prefill():
    items = work(phase="prefill", batch=2, context=3)
    assert items["linear"].vectors == 6
    # Pairs: 2 x (1 + 2 + 3).
    assert items["attention"].macs == 384
    # Only the last token of each sequence.
    assert items["lm_head"].vectors == 2


def test_keys_and_values_of_all_heads():
    stored = work(phase="decode", batch=3, context=5, kv_heads=4)["attention"]
    assert (stored.cached, stored.macs) == (480, 480)


def test_unknown_phase():
    with pytest.raises(ValueError, match=r"^phase must be decode or prefill, not 'train'$"):
        model_work(MODEL, phase="train", batch=1, context=1)
