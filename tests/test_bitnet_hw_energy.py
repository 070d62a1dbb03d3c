"""Events of an operator, and what they cost."""

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.energy import (
    Event,
    Ledger,
    background_events,
    ternary_events,
    vector_events,
)
from bitnet_hw.energy_scopes import SCOPES
from bitnet_hw.operators import VectorOperator
from rtl.job import Job

EDGE = load_config("edge")


def test_events_of_the_array():
    # One job of 2 x 2 tiles, three tokens, run five times: 60 steps.
    ledger = ternary_events(EDGE.array, [Job(k=40, n=32, m=3)], 5)
    assert ledger.counts == {
        # 20 lanes: 10, 5, 2, 1 and 1 adders, one bit wider at each level; 16 rows.
        "adder_tree": {
            Event("int_add", 9, level=1, tokens=3): 60 * 16 * 10,
            Event("int_add", 10, level=2, tokens=3): 60 * 16 * 5,
            Event("int_add", 11, level=3, tokens=3): 60 * 16 * 2,
            Event("int_add", 12, level=4, tokens=3): 60 * 16 * 1,
            Event("int_add", 13, level=5, tokens=3): 60 * 16 * 1,
        },
        "lane_select": {Event("lane_select", level=1, tokens=3): 60 * 320},
        # 5 x 4 tiles of 320 weights.
        "weight_decoder": {Event("trit_decode"): 20 * 320},
        # In a step 160 bits of activations, and in each row the partial sum of 22 bits and the
        # registers after levels 2 and 4: 5 sums of 10 bits; a sum of 12 bits and one of 10 that
        # has waited; each with its carry. For each tile 640 bits.
        "registers": {Event("register_bit"): 60 * (160 + 16 * (22 + 5 * 11 + 13 + 11)) + 20 * 640},
        # 128 x 8640 takes 21 bits and a sign.
        "accumulators": {Event("int_add", 22): 60 * 16},
        # Reads of 60 words, writes of 5 x 3 x 2 words, 160 bits each; 2 x 432 x 8 words in store.
        "activation_store": {Event("sram_bit", 2 * 432 * 8 * 20): 90 * 160},
        # 5 x 3 x 2 vectors of 16 x 22 bits, in and out; 9 in the buffer.
        "result_buffer": {Event("sram_bit", 9 * 16 * 22 // 8): 2 * 30 * 16 * 22},
        # 5 x 4 tiles of 64 bytes.
        "dram_ternary_weights": {Event("dram_bit"): 20 * 64 * 8},
    }
    assert EDGE.array.result_slots == 9


@pytest.mark.parametrize("lanes", [1, 2, 3, 5, 20, 31, 64])
def test_a_tree_of_n_lanes_has_n_minus_one_adders(lanes):
    array = load_config("edge", {"array.lanes": lanes}).array
    ledger = ternary_events(array, [Job(k=lanes, n=16)], 1)
    assert sum(ledger.counts.get("adder_tree", {}).values()) == 16 * (lanes - 1)


def test_events_of_the_vector_unit():
    operator = VectorOperator(
        name="x", repeat=2, macs=10, multiplies=3, adds=5, dram_bytes={"kv_cache": 7, "norms": 1}
    )
    assert vector_events(operator).counts == {
        "vector_unit": {Event("fp16_multiply"): 26, Event("fp16_add"): 30},
        "dram_kv_cache": {Event("dram_bit"): 112},
        "dram_norms": {Event("dram_bit"): 16},
    }


@pytest.mark.parametrize(
    ("event", "energy_pj"),
    [
        (Event("int_add", 8), 0.007),
        (Event("int_add", 20), 0.0185),
        (Event("int8_multiply"), 0.07),
        (Event("fp16_add"), 0.16),
        (Event("fp16_multiply"), 0.34),
        (Event("sram_bit", 1024), 7.5 / 64),
        (Event("dram_bit"), 5.0),
        (Event("dram_second"), 151e9),
    ],
)
def test_energy_of_events(event, energy_pj):
    assert event.energy_pj(EDGE) == pytest.approx(energy_pj)


def test_energy_of_a_ledger():
    ledger = Ledger()
    ledger.add("a", Event("int_add", 8), 1e12)
    ledger.add("a", Event("int_add", 32), 1e12)
    ledger.add("a", Event("int_add", 32), 1e12)
    ledger.add("b", Event("dram_bit"), 1e12)
    ledger.add("never", Event("dram_bit"), 0)
    ledger.add_all(background_events(2.0))
    assert ledger.energy_j(EDGE) == pytest.approx({
        "a": 0.067,
        "b": 5.0,
        "dram_background": 0.302,
    })
    low, high = (ledger.energy_j(EDGE, edge)["b"] for edge in ("low", "high"))
    assert (low, high) == pytest.approx((4.2, 8.5))


def test_scopes_are_nested():
    array, core, system, board = map(set, SCOPES.values())
    assert array < core < system < board
    outside = {component for component in system - core if not component.startswith("dram_")}
    assert outside == {"host", "link"}


def test_events_have_names():
    assert str(Event("int_add", 9)) == "int_add[9]"
    assert str(Event("dram_bit")) == "dram_bit"
