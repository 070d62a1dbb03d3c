"""Waivers of toggles by hand, and how the counts of accelerators add up."""

from dataclasses import replace

import pytest

from benchmarks.coverage import problems
from benchmarks.coverage_code import Kind, ModuleCoverage, code_coverage
from benchmarks.coverage_counts import ModuleCounts, Toggle
from benchmarks.coverage_waivers import WAIVERS
from rtl.geometry import Geometry
from sim.cover_points import Coverage

SELECT = Geometry(
    rows=4,
    lanes=5,
    weight_bus_bits=16,
    max_tokens=3,
    max_k=14,
    output_bus_words=3,
)
PAIRED = Geometry(
    rows=6,
    lanes=6,
    weight_bus_bits=32,
    max_tokens=4,
    max_k=18,
    output_bus_words=3,
    lane_style="paired",
    weight_check="hamming",
)
ONE_TOKEN = Geometry(
    rows=3,
    lanes=4,
    weight_bus_bits=32,
    max_tokens=1,
    max_k=12,
    output_bus_words=1,
    lane_style="biased",
)
DISPATCHER, SEQUENCER = "bitnet_accelerator.dispatcher", "bitnet_accelerator.sequencer"


def waived(geometry, module, signal, *place, direction="0->1"):
    toggle = Toggle(signal, place, direction)
    return any(waiver.covers(geometry, module, toggle) for waiver in WAIVERS)


@pytest.mark.parametrize(
    ("geometry", "module", "signal", "never", "ever"),
    [
        # Multiples of 4 rows, of 6 rows, of 5 lanes, of 4 lanes.
        (SELECT, SEQUENCER, "n_done", [(0,), (1,)], [(2,), (6,)]),
        (PAIRED, SEQUENCER, "n_done", [(0,)], [(1,)]),
        (SELECT, SEQUENCER, "k_done", [], [(0,)]),
        # 12 before the last of three tiles of 6 lanes.
        (PAIRED, SEQUENCER, "k_done", [(0,), (4,)], [(1,), (3,)]),
        (ONE_TOKEN, SEQUENCER, "k_done", [(0,), (1,)], [(2,)]),
        # 4 tokens of 2 beats: at most 5; 3 tokens of 2 beats: at most 4.
        (PAIRED, SEQUENCER, "timer", [(3,)], [(0,), (2,)]),
        (SELECT, SEQUENCER, "timer", [(3,)], [(2,)]),
        # Halves of 9 and of 12 words.
        (SELECT, DISPATCHER, "limit0", [(4,)], [(3,)]),
        (PAIRED, DISPATCHER, "limit0", [(4,)], [(3,)]),
        # K tile 2 of three tokens, in both halves: only four of five lanes.
        (SELECT, "bitnet_accelerator", "store", [(6, 32), (17, 39)], [(6, 31), (5, 32), (14, 39)]),
        (PAIRED, "bitnet_accelerator", "store", [], [(11, 47)]),
        # Of two lanes around 341: one lane alone reaches 213..469, a sum 85..597; around 683, one
        # alone 555..811, which leaves bit 9 as it is.
        (PAIRED, "bitnet_accelerator_row", "shared$4", [(9,), (39,), (89,), (169,)], [(8,), (49,)]),
        (PAIRED, "bitnet_accelerator_row", "shared$4[2]", [(9,)], [(8,), (49,)]),
        (SELECT, "bitnet_accelerator_row", "shared", [], [(7,)]),
        (ONE_TOKEN, "bitnet_accelerator_row", "carry", [()], []),
        (SELECT, "bitnet_accelerator_row", "carry", [], [()]),
        (SELECT, "bitnet_accelerator", "status__corrupt_word$3", [()], []),
        (PAIRED, "bitnet_accelerator", "status__corrupt_word$3", [], [()]),
        (ONE_TOKEN, SEQUENCER, "what", [(0,)], [(1,)]),
        (SELECT, SEQUENCER, "what", [], [(0,)]),
        (ONE_TOKEN, "bitnet_accelerator", "what$123", [(0,)], [(1,)]),
        (ONE_TOKEN, "bitnet_accelerator", "what2", [(0,)], [(1,)]),
        (ONE_TOKEN, "bitnet_accelerator", "what", [], [(0,)]),
        (ONE_TOKEN, DISPATCHER, "token", [], [()]),
        (SELECT, SEQUENCER, "address", [], [(0,)]),
    ],
)
def test_bits_that_never_change(geometry, module, signal, never, ever):
    assert [place for place in never if not waived(geometry, module, signal, *place)] == []
    assert [place for place in ever if waived(geometry, module, signal, *place)] == []


def test_what_is_set_once_never_goes_back():
    # K in 4 bits, N in 7, then M.
    for direction, expected in (("0->1", False), ("1->0", True)):
        for name, place in (("jobs__payload", (11,)), ("jobs__payload.m", ())):
            assert waived(ONE_TOKEN, SEQUENCER, name, *place, direction=direction) == expected
            assert not waived(SELECT, SEQUENCER, name, *place, direction=direction)
        # In the dispatcher, the second of this name is the queue of commands, where M may be 0.
        assert waived(ONE_TOKEN, DISPATCHER, "o__payload", 11, direction=direction) == expected
        assert not waived(ONE_TOKEN, DISPATCHER, "o__payload$22", 11, direction=direction)
        assert waived(ONE_TOKEN, "x", "results__payload", 32, direction=direction) == expected
        assert not waived(ONE_TOKEN, "x", "results__payload", 31, direction=direction)


def test_the_only_beat_of_a_vector():
    one_beat = replace(SELECT, output_bus_words=4)
    assert waived(one_beat, "bitnet_accelerator.results", "index")
    assert waived(one_beat, "bitnet_accelerator.results", "last_beat", direction="1->0")
    assert not waived(one_beat, "bitnet_accelerator.results", "last_beat", direction="0->1")
    assert not waived(SELECT, "bitnet_accelerator.results", "index", 0)


def counts(toggles, lines=()):
    found = ModuleCounts()
    found.toggles.update(toggles)
    found.lines.update(lines)
    return found


def test_each_accelerator_counts():
    hit, missed = Toggle("token", (0,), "0->1"), Toggle("token", (0,), "1->0")
    low = Toggle("n_done", (0,), "0->1")
    runs = [
        (SELECT, {SEQUENCER: counts({hit: 3, missed: 1, low: 0}, {(7, "if"): 2})}),
        (PAIRED, {SEQUENCER: counts({hit: 1, missed: 0, low: 1}, {(7, "if"): 0})}),
    ]
    [module] = code_coverage(runs)
    assert module.name == "sequencer"
    assert (module.toggles.reached, module.toggles.points) == (4, 6)
    assert module.toggles.missing == ["6x6 trit5 paired: token[0] 1->0"]
    assert module.waived == {"a multiple of rows": 1}
    assert module.wrongly_waived == ["6x6 trit5 paired: n_done[0] 0->1"]
    assert module.lines.missing == ["6x6 trit5 paired: line 7, if"]
    assert problems(Coverage([]), [module]) == [
        "line not reached in sequencer: 6x6 trit5 paired: line 7, if",
        "toggle missing in sequencer: 6x6 trit5 paired: token[0] 1->0",
        "wrong waiver in sequencer: 6x6 trit5 paired: n_done[0] 0->1",
        "toggles must be 98%, not 66.7%",
    ]


def test_names_of_modules():
    modules = {
        "bitnet_accelerator": counts({}),
        "bitnet_accelerator_row.dot": counts({}),
        "bitnet_accelerator.results.vectors": counts({}),
    }
    names = [module.name for module in code_coverage([(SELECT, modules)])]
    assert names == ["accelerator", "results.vectors", "row.dot"]


def test_the_bar_of_toggles():
    good = ModuleCoverage("x", toggles=Kind(100, 98))
    assert problems(Coverage([]), [good]) == []
    bad = ModuleCoverage("x", toggles=Kind(1000, 979))
    assert problems(Coverage([]), [bad]) == ["toggles must be 98%, not 97.9%"]
