"""Events of an operator, and what they cost."""

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.energy import (
    Event,
    Ledger,
    background_events,
    host_events,
    link_events,
    ternary_events,
    vector_events,
)
from bitnet_hw.energy_scopes import SCOPES
from bitnet_hw.operators import LinkOperator, VectorOperator
from rtl.job import Job

EDGE = load_config("edge")


TABLE = {"technology": "jouppi7"}


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


def test_each_bit_of_each_word_is_checked():
    changes = {"array.weight_check": "hamming", "technology": "asap7"}
    config = load_config("edge", changes)
    ledger = ternary_events(config.array, [Job(k=40, n=32, m=3)], 5)
    # 20 tiles of two words of 512 bits.
    assert ledger.counts["weight_check"] == {Event("weight_check_bit"): 20 * 2 * 512}
    assert Event("weight_check_bit").energy_pj(config) > 0
    assert "the check of weight words" not in config.not_counted
    assert "the check of weight words" in load_config("edge", {**changes, **TABLE}).not_counted


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


def test_events_of_integer_products():
    operator = VectorOperator(name="x", repeat=2, macs=10, number="int8", multiplies=3, adds=5)
    assert vector_events(operator).counts == {
        "vector_unit": {
            Event("int8_multiply"): 20,
            Event("int_add", 32): 20,
            Event("fp16_multiply"): 6,
            Event("fp16_add"): 10,
        },
    }


@pytest.mark.parametrize("elementwise", [(3, 5), (5, 3)])
def test_events_of_the_host(elementwise):
    multiplies, adds = elementwise
    operator = VectorOperator(
        name="x", repeat=2, macs=10, multiplies=multiplies, adds=adds, dram_bytes={"kv_cache": 7}
    )
    assert host_events(operator).counts == {
        "host": {Event("host_op"): 30},
        "dram_kv_cache": {Event("dram_bit"): 112},
    }


def test_events_of_a_link():
    operator = LinkOperator(name="x", repeat=3, link_bytes=5, messages=2)
    assert link_events(operator).counts == {"link": {Event("link_bit"): 120}}


def test_energy_of_what_only_some_machines_have():
    figures = {"nominal": 3, "low": 2, "high": 5, "source": "by hand"}
    host = {"gmacs_per_second": 1, "energy_pj_per_mac": figures}
    config = load_config(
        "edge",
        {
            "host": host,
            "board": {"idle_w": figures},
            "chips.link.energy_pj_per_bit": figures,
            "memory": {
                "count": 2,
                "peak_gb_per_s": 1,
                "energy_pj_per_bit": 1,
                "background_mw": figures,
            },
        },
    )
    edges = ("low", "nominal", "high")
    for kind, factor in (("host_op", 1), ("link_bit", 1), ("board_second", 1e12)):
        energies = [Event(kind).energy_pj(config, edge) for edge in edges]
        assert energies == [2 * factor, 3 * factor, 5 * factor], kind
    background = [Event("dram_second").energy_pj(config, edge) for edge in edges]
    assert background == [4e9, 6e9, 10e9]
    # A machine without them spends nothing there.
    without = load_config("edge", {"host": None, "board": None})
    assert Event("host_op").energy_pj(without) == Event("board_second").energy_pj(without) == 0


def test_a_ledger_counts_and_repeats():
    one = Ledger()
    one.add("a", Event("int_add", 8), 3)
    one.add("a", Event("dram_bit"), 4)
    total = Ledger()
    total.add("a", Event("int_add", 8), 1)
    total.add_all(one, 5)
    assert total.counts == {"a": {Event("int_add", 8): 16, Event("dram_bit"): 20}}
    assert (total.count("a"), total.count("b")) == (36, 0)


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


def test_activity_and_ranges_of_adders():
    figures = {
        f"technology.energy_pj.{name}": {"low": 2, "nominal": 3, "high": 5, "source": "by hand"}
        for name in ("int8_add", "int32_add", "lane_select", "fp16_add")
    }
    config = load_config(
        "edge",
        {
            **figures,
            "activity": {
                "zero_fraction": {"low": 0.25, "nominal": 0.5, "high": 0.75, "source": "by hand"},
                "toggle_density": {"nominal": 0.5, "source": "by hand"},
            },
        },
    )
    # Zero in two steps of the same weights, or of different ones: (1/4 + 1/2) / 2 of the time.
    for event in (Event("int_add", 8, 1, 2), Event("lane_select", 0, 1, 2)):
        assert event.energy_pj(config) == pytest.approx(3 * 0.5 * 0.625)
        # At the low edge most are zero.
        assert event.energy_pj(config, "low") == pytest.approx(2 * 0.5 * (1 - 1.3125 / 2))
        assert event.energy_pj(config, "high", "nominal") == pytest.approx(5 * 0.5 * 0.625)
    ledger = Ledger()
    ledger.add("a", Event("int_add", 8, 1, 2), 1e12)
    assert ledger.energy_j(config, "high", "nominal") == pytest.approx({"a": 5 * 0.5 * 0.625})
    # What is no adder of the array does not follow them.
    assert [Event("fp16_add").energy_pj(config, edge) for edge in ("low", "high")] == [2, 5]
    # And what the source states no energy for has none.
    assert EDGE.technology.energy_pj.trit_decode is None
    assert Event("trit_decode").energy_pj(EDGE) == 0


def test_memories_on_the_chip_have_ranges_too():
    sizes = [{"kilobytes": 8, "low": 32, "nominal": 64, "high": 128, "source": "by hand"}]
    config = load_config("edge", {"technology.sram_pj_per_64_bits": sizes})
    energies = [Event("sram_bit", 1024).energy_pj(config, at) for at in ("low", "nominal", "high")]
    assert energies == [0.5, 1, 2]


def test_memories_are_whole_bytes():
    # 11 vectors of one sum of 22 bits are 30.25 bytes.
    small = {"array.rows": 1, "array.output_bus_words": 1, "array.max_tokens": 7}
    ledger = ternary_events(load_config("edge", small).array, [Job(k=1, n=1)], 1)
    assert list(ledger.counts["result_buffer"]) == [Event("sram_bit", 31)]
    assert str(*ledger.counts["result_buffer"]) == "sram_bit[31]"
    assert str(*ledger.counts["activation_store"]) == "sram_bit[120960]"


def test_a_list_of_jobs_of_the_same_tokens_adds_up():
    jobs = [Job(k=40, n=32, m=3)]
    one, two = (ternary_events(EDGE.array, jobs * count, 1) for count in (1, 2))
    assert {part: one.count(part) * 2 for part in one.counts} == {
        part: two.count(part) for part in two.counts
    }


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
