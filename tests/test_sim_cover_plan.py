"""The list of cover points, and bins of it by hand-made events."""

import numpy as np

from rtl.geometry import Geometry
from sim.cover_plan import GROUPS, cover_points
from sim.cover_points import Coverage
from sim.coverage_events import BadCommand, Beat, JobDone, Recovery, Transfer, WeightWord
from sim.coverage_trace import Command

GEOMETRY = Geometry(
    rows=4,
    lanes=5,
    weight_encoding="trit5",
    weight_bus_bits=16,
    max_tokens=3,
    max_k=14,
    output_bus_words=3,
)


def hit(*happened):
    """Return the bins that are hit, by point."""
    coverage = Coverage(cover_points([GEOMETRY]))
    coverage.sample(happened)
    return {
        name: {item for item, hits in bins.items() if hits}
        for name, bins in coverage.counts().items()
        if any(bins.values())
    }


def job(k, n, m, *, weight=0, activation=0, **values):
    flow = {"weight_idle": 0.0, "result_held": 0.0, "came": "working"} | values
    return JobDone(
        geometry=GEOMETRY,
        command=Command(k=k, n=n, m=m),
        weights=np.full((n, k), weight, np.int8),
        activations=np.full((m, k), activation, np.int8),
        **flow,
    )


def test_a_ragged_job():
    assert hit(job(11, 5, 2, weight=-1, activation=127, weight_idle=0.2, result_held=0.5)) == {
        "K tiles x N tiles": {"3 K tiles and more, 2 N tiles"},
        "rows x lanes x encoding": {"ragged rows, ragged lanes, trit5"},
        "M x words a tile": {"M between, several words a tile"},
        "lanes of the last K tile": {"4x5 trit5 select: 1"},
        "rows of the last output tile": {"4x5 trit5 select: 1"},
        "tokens": {"4x5 trit5 select: 2"},
        "lane style x activation x weight": {"select, 127 * -1"},
        "jobs: weight flow x result flow x M x words": {
            "weights mostly there, results mostly held back, M > 1, several words"
        },
        "when a command comes": {"jobs under way"},
    }


def test_the_largest_sum_and_the_smallest():
    largest = hit(job(14, 4, 1, weight=-1, activation=-128))
    assert largest["lane style x sum"] == {"select, largest there is"}
    assert largest["limits x words a tile"] == {"K = max_k, several words a tile"}
    assert hit(job(14, 4, 1, weight=1, activation=-128))["lane style x sum"] == {
        "select, smallest there is"
    }
    assert "lane style x sum" not in hit(job(13, 4, 1, weight=-1, activation=-128))


def test_weights_and_activations_must_meet_in_a_lane():
    event = job(2, 1, 1)
    event.weights[0, 0] = 1
    event.activations[0, 1] = -128
    assert hit(event)["lane style x activation x weight"] == {
        "select, -128 * 0",
        "select, 0 * 1",
    }


def test_codes_of_padding_are_not_codes_of_weights():
    word = WeightWord(geometry=GEOMETRY, codes=(0x05, 0xFD), places=("weight", "padding row"))
    assert hit(word) == {
        "legal codes of trit5": {"05"},
        "places x encoding": {"illegal in a padding row, trit5"},
    }


def test_beats_transfers_and_commands():
    beat = Beat(
        geometry=GEOMETRY, count=1, flags=0b1000_0001, index=1, ends_vector=True, last=False
    )
    assert hit(beat) == {
        "results in a beat": {"4x5 trit5 select: 1"},
        "beats that end a vector": {"partial beat, last of several"},
        "marks of beats": {"a vector ends, the job goes on"},
        "flags of beats": {"flag 0 set", "flag 7 set"},
    }
    transfer = Transfer(geometry=GEOMETRY, stream="weights", waited=1, idle=10)
    assert hit(transfer) == {"weights: waits x idle cycles before": {"waits 1, idle 10+"}}
    bad = BadCommand(geometry=GEOMETRY, command=Command(k=15, n=1, m=0), jobs=2)
    assert hit(bad) == {
        "bad commands": {
            "M = 0, both halves in use",
            "K = max_k + 1, both halves in use",
            "K of all ones, both halves in use",
        }
    }


def test_a_reset():
    event = Recovery(geometry=GEOMETRY, phases=frozenset({"idle"}))
    assert hit(event) == {"interrupted, and a job came through after it": {"idle"}}


def test_the_plan_is_as_long_as_intended():
    points = cover_points([GEOMETRY])
    assert [point.group for point in points] == sorted(
        (point.group for point in points), key=GROUPS.index
    )
    sizes = {point.name: len(point.bins) for point in points}
    assert sizes["legal codes of trit5"] == 243
    assert sizes["illegal codes of trit5"] == 13
    assert sizes["lanes of the last K tile"] == 5
    assert sizes["rows of the last output tile"] == 4
    assert sizes["weights x results"] == 16
    assert sizes["bad commands"] == 21
    assert sizes["lane style x activation x weight"] == 75
    # The same points for two geometries, and bins for each.
    other = Geometry(rows=2, lanes=3, weight_bus_bits=16, max_k=9, output_bus_words=1)
    assert len(cover_points([GEOMETRY, other])) == len(points)
