"""From ports to events, by a trace written by hand."""

import numpy as np
import pytest

from rtl.geometry import Geometry
from sim.cover_plan import cover_points
from sim.cover_points import Coverage
from sim.coverage_events import (
    BadCommand,
    Beat,
    Cycle,
    JobDone,
    Recovery,
    Step,
    Transfer,
    WeightWord,
)
from sim.coverage_replay import events
from sim.coverage_state import WrongTrace
from sim.coverage_trace import PORTS, Command, Segment, Trace

SMALLEST = Geometry(
    rows=1,
    lanes=1,
    weight_encoding="trit2",
    weight_bus_bits=8,
    max_tokens=1,
    max_k=3,
    output_bus_words=1,
)
JOB = Command(k=1, n=1, m=1, flags=5)
# K in 2 bits, N in 7, M in 1, then flags.
JOB_WORD = 1 | 1 << 2 | 1 << 9 | 5 << 10
NO_JOB_WORD = 0 | 1 << 2 | 1 << 9
# -128 in 32 bits, one result, the flags, the end of the job.
BEAT_WORD = 0xFFFF_FF80 | 1 << 32 | 5 << 33 | 1 << 41

IDLE = {"status__idle": 1, "commands__ready": 1, "results__ready": 1}
BUSY = {"commands__ready": 1, "results__ready": 1}
# The job of docs/architecture.md, "Time": taken in cycle 1, loaded in 2, its step is in 4, and its
# result leaves two cycles later.
ONE_JOB = [
    {"rst": 1},
    IDLE | {"commands__valid": 1},
    BUSY,
    BUSY | {"activations__ready": 1, "activations__valid": 1},
    BUSY | {"weights__valid": 1, "status__activation_wait": 1},
    BUSY | {"weights__valid": 1, "weights__ready": 1, "status__activation_wait": 2},
    BUSY | {"status__activation_wait": 2, "status__busy": 1},
    BUSY | {"results__valid": 1, "status__activation_wait": 2, "status__busy": 1},
    IDLE | {"status__activation_wait": 2, "status__busy": 1},
    IDLE | {"status__activation_wait": 2, "status__busy": 1},
]
PAYLOADS = {
    "commands": [JOB_WORD],
    "activations": [0x80],
    "weights": [0b01],
    "results": [BEAT_WORD],
}


def trace(rows=ONE_JOB, **payloads):
    segment = Segment(
        cycles=[tuple(row.get(port, 0) for port in PORTS) for row in rows],
        payloads=PAYLOADS | payloads,
    )
    return Trace(SMALLEST, outputs_bits=7, counter_bits=13, segments=[segment])


def changed(index, **ports):
    rows = list(ONE_JOB)
    rows[index] = rows[index] | ports
    return rows


def test_one_job_event_by_event():
    found = list(events(trace()))
    assert [event.activity for event in found if isinstance(event, Cycle)] == [
        "idle",
        "pipeline",
        "activation_wait",
        "activation_wait",
        "busy",
        "pipeline",
        "pipeline",
        "idle",
        None,  # What the last cycle counted as would be seen in the next.
    ]
    [done] = [event for event in found if isinstance(event, JobDone)]
    assert done.command == JOB
    assert done.weights.tolist() == [[1]]
    assert done.activations.tolist() == [[-128]]
    assert done.weights.dtype == done.activations.dtype == np.int8
    assert done.came == "idle"
    # Taken in cycle 1: five cycles to its result, of which two offer a weight.
    assert done.weight_idle == pytest.approx(3 / 5)
    assert done.result_held == 0
    others = [e for e in found if not isinstance(e, Cycle | JobDone)]
    size = {"geometry": SMALLEST}
    assert others == [
        Transfer(**size, stream="commands", waited=0, idle=0),
        Transfer(**size, stream="activations", waited=0, idle=2),
        Transfer(**size, stream="weights", waited=1, idle=3),
        Step(
            **size,
            command=JOB,
            n_tile=0,
            k_tile=0,
            token=0,
            own_load=False,
            next_load=False,
            after="no step",
            earlier_results=False,
        ),
        WeightWord(**size, codes=(1, 0, 0, 0), places=("weight", "unused", "unused", "unused")),
        Transfer(**size, stream="results", waited=0, idle=6),
        Beat(**size, count=1, flags=5, index=0, ends_vector=True, last=True),
    ]


def test_what_did_not_happen_is_missing():
    coverage = Coverage(cover_points([SMALLEST]))
    coverage.sample(events(trace()))
    points = {point.name: point for point in coverage.points}
    assert coverage.missing(points["lanes of the last K tile"]) == []
    assert coverage.missing(points["codes of trit2"]) == ["0", "2", "3"]
    assert coverage.missing(points["when a command comes"]) == [
        "only results under way",
        "jobs under way",
    ]
    assert coverage.missing(points["steps that overlap"]) == [
        "while its own job loads",
        "while the next job loads",
        "while results of the job before leave",
        "both",
    ]
    assert coverage.missing(points["clear"]) == [
        "while idle",
        "while a job is at work",
        "while only results leave",
    ]
    assert len(coverage.missing(points["bad commands"])) == 21
    assert len(coverage.missing(points["interrupted, and a job came through after it"])) == 20
    hit = coverage.counts()["lane style x activation x weight"]
    assert {name for name, hits in hit.items() if hits} == {"select, -128 * 1"}


def test_reset_counts_once_a_job_has_come_through():
    # A reset in the cycle of the step, and the whole job again.
    rows = [*ONE_JOB[:5], ONE_JOB[5] | {"rst": 1}, *ONE_JOB]
    payloads = {name: PAYLOADS[name] * 2 for name in ("commands", "activations", "weights")}
    found = list(events(trace(rows, **payloads)))
    [recovery] = [event for event in found if isinstance(event, Recovery)]
    assert recovery.phases == {"after activation_wait"}
    assert (
        found.index(recovery) == found.index(next(e for e in found if isinstance(e, JobDone))) + 1
    )
    # Without the second job, the reset is none that was recovered from.
    cut = list(events(trace(rows[:-3], **payloads)))
    assert not any(isinstance(event, Recovery) for event in cut)


def test_a_bad_command_is_dropped():
    rows = [
        {"rst": 1},
        IDLE | {"commands__valid": 1},
        BUSY,
        IDLE | {"status__bad_command": 1},
    ]
    found = list(events(trace(rows, commands=[NO_JOB_WORD])))
    [bad] = [event for event in found if isinstance(event, BadCommand)]
    assert bad == BadCommand(geometry=SMALLEST, command=Command(k=0, n=1, m=1), jobs=0)


def test_nothing_is_known_before_the_first_reset():
    assert list(events(trace(ONE_JOB[1:]))) == []


def test_after_clearing_amid_a_job_nothing_is_known_until_idle():
    rows = [row | {"status__busy": 0, "status__activation_wait": 0} for row in ONE_JOB]
    rows[4] = rows[4] | {"clear": 1}
    found = list(events(trace(rows)))
    assert not any(isinstance(event, Step | JobDone) for event in found)
    assert [event.activity for event in found if isinstance(event, Cycle)] == [
        "idle",
        "pipeline",
        "pipeline",
        None,
        # And again from the cycle in which it is idle.
        "idle",
        None,
    ]


@pytest.mark.parametrize(
    ("rows", "payloads", "message"),
    [
        (changed(2, status__idle=1), {}, "cycle 2: the ports show another idle"),
        (changed(2, commands__ready=0), {}, "cycle 2: the ports show another ready of commands"),
        (
            changed(6, activations__ready=1),
            {},
            "cycle 6: the ports show another load",
        ),
        (
            changed(4, status__activation_wait=1, status__busy=1)[:5] + ONE_JOB[6:],
            {},
            r"cycle 3: the ports show counters growing by \{'busy': 1, 'activation_wait': 1\}",
        ),
        (
            changed(5, weights__ready=0),
            {},
            "cycle 5: the ports show a tile must be taken with its first token",
        ),
        (
            ONE_JOB,
            {"results": [BEAT_WORD & ~(1 << 41)]},
            "cycle 7: the ports show the end mark in a wrong beat",
        ),
        (
            ONE_JOB,
            {"results": [BEAT_WORD & ~(1 << 32)]},
            "cycle 7: the ports show a beat of another count",
        ),
        (
            changed(5, results__valid=1),
            {"results": [BEAT_WORD] * 2},
            "cycle 5: the ports show a beat of no job",
        ),
        (ONE_JOB[:3] + ONE_JOB[4:], {}, "cycle 3: the ports show another load"),
    ],
)
def test_what_cannot_have_happened_is_found(rows, payloads, message):
    with pytest.raises(WrongTrace, match=rf"^Segment 0, {message}$"):
        list(events(trace(rows, **payloads)))
