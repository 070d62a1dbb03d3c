import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtl.geometry import Geometry
from rtl.job import Job
from sim.operands import JobOperands, draw_job
from sim.packing import activation_words, weight_words
from sim.payloads import command_word
from sim.scoreboard import Scoreboard

GEOMETRY = Geometry(rows=4, lanes=3, weight_bus_bits=8, max_k=9, max_tokens=3, output_bus_words=3)


def reference(activations, weights):
    return (activations.astype(np.int64) @ weights.T.astype(np.int64)).astype(np.int32)


def command(job):
    return command_word(GEOMETRY, k=job.k, n=job.n, m=job.m, flags=job.flags)


def beat_word(results, count, flags, last):
    word = sum((int(value) & 0xFFFFFFFF) << 32 * place for place, value in enumerate(results))
    return word | count << 96 | flags << 98 | last << 106


def beats(operands):
    """Return the beats of a design without faults, as (results, count, flags, last)."""
    job = operands.job
    products = reference(operands.activations, operands.weights)
    found = []
    for first in range(0, job.n, GEOMETRY.rows):
        for token in range(job.m):
            vector = products[token, first : first + GEOMETRY.rows].tolist()
            for place in range(0, len(vector), 3):
                part = vector[place : place + 3]
                found.append([part, len(part), job.flags, False])
    found[-1][3] = True
    return found


def feed(scoreboard, operands):
    scoreboard.on_command(command(operands.job))
    for word in activation_words(GEOMETRY, operands.activations):
        scoreboard.on_activation(word)
    for word in weight_words(GEOMETRY, operands.weights):
        scoreboard.on_weight(word)


def one_job():
    """Two output tiles, the second with one row; two tokens; two K tiles."""
    rng = np.random.default_rng(5)
    return JobOperands.random(Job(k=5, n=5, m=2, flags=7), rng)


@given(st.integers(0, 200))
def test_a_right_design_passes(seed):
    rng = np.random.default_rng(seed)
    jobs = [JobOperands.random(draw_job(GEOMETRY, rng), rng) for _ in range(3)]
    scoreboard = Scoreboard(GEOMETRY, reference)
    # Operands of a job may come before the results of the job before it.
    feed(scoreboard, jobs[0])
    for index, item in enumerate(jobs):
        if index + 1 < len(jobs):
            feed(scoreboard, jobs[index + 1])
        assert not scoreboard.idle
        for beat in beats(item):
            scoreboard.on_result(beat_word(*beat))
    assert scoreboard.idle
    assert scoreboard.finish() == []
    assert scoreboard.jobs == 3
    assert scoreboard.outputs_checked == sum(item.job.m * item.job.n for item in jobs)
    for item, results in zip(jobs, scoreboard.results, strict=True):
        assert (results == reference(item.activations, item.weights)).all()


def test_expected_numbers_by_hand():
    scoreboard = Scoreboard(GEOMETRY, reference)
    feed(
        scoreboard,
        JobOperands(np.array([[-128, 127]], np.int8), np.array([[-1, 1], [1, 0]], np.int8)),
    )
    scoreboard.on_result(beat_word([255, -128], 2, 0, True))
    assert scoreboard.finish() == []
    assert scoreboard.outputs_checked == 2


@pytest.mark.parametrize(
    ("beat", "field", "value", "message"),
    [
        (2, 1, 2, "job 0, token m=1, output n=0: expected count 3, got 2"),
        (0, 2, 6, "job 0, token m=0, output n=0: expected flags 7, got 6"),
        (1, 3, True, "job 0, token m=0, output n=3: expected last False, got True"),
        (5, 3, False, "job 0, token m=1, output n=4: expected last True, got False"),
    ],
)
def test_wrong_sideband(beat, field, value, message):
    scoreboard = Scoreboard(GEOMETRY, reference)
    feed(scoreboard, one_job())
    given_beats = beats(one_job())
    given_beats[beat][field] = value
    for item in given_beats:
        scoreboard.on_result(beat_word(*item))
    assert scoreboard.mismatches == 1
    assert scoreboard.finish() == [message]


def test_wrong_result():
    operands = one_job()
    expected = int(reference(operands.activations, operands.weights)[1, 1])
    scoreboard = Scoreboard(GEOMETRY, reference)
    feed(scoreboard, operands)
    given_beats = beats(operands)
    given_beats[2][0][1] += 1
    for item in given_beats:
        scoreboard.on_result(beat_word(*item))
    assert scoreboard.mismatches == 1
    assert scoreboard.outputs_checked == 10
    assert scoreboard.finish() == [
        f"job 0, token m=1, output n=1: expected {expected}, got {expected + 1}"
    ]
    assert scoreboard.results[0][1, 1] == expected + 1


def test_swapped_and_lost_beats():
    scoreboard = Scoreboard(GEOMETRY, reference)
    feed(scoreboard, one_job())
    for item in beats(one_job())[:-1]:
        scoreboard.on_result(beat_word(*item))
    assert not scoreboard.idle
    assert scoreboard.finish() == ["1 result vectors that did not come"]


def test_result_that_nothing_predicts():
    scoreboard = Scoreboard(GEOMETRY, reference)
    scoreboard.on_result(beat_word([1, 2], 2, 0, False))
    assert scoreboard.finish() == ["a beat of 2 results which nothing predicts"]


def test_a_token_is_predicted_before_the_next_one_is_loaded():
    operands = JobOperands.random(Job(k=2, n=2, m=2), np.random.default_rng(1))
    scoreboard = Scoreboard(GEOMETRY, reference)
    scoreboard.on_command(command(operands.job))
    first, second = activation_words(GEOMETRY, operands.activations)
    for word in weight_words(GEOMETRY, operands.weights):
        scoreboard.on_weight(word)
    scoreboard.on_activation(first)
    early, late = beats(operands)
    scoreboard.on_result(beat_word(*early))
    scoreboard.on_activation(second)
    scoreboard.on_result(beat_word(*late))
    assert scoreboard.idle
    assert scoreboard.finish() == []


def test_weights_that_come_before_their_command_are_kept():
    operands = one_job()
    words = list(weight_words(GEOMETRY, operands.weights))
    scoreboard = Scoreboard(GEOMETRY, reference)
    scoreboard.on_weight(words[0])
    assert scoreboard.finish() == ["1 weight words that belong to no job"]
    scoreboard.on_command(command(operands.job))
    assert scoreboard.finish() == [
        "1 jobs without all their activations",
        "1 jobs without all their weights",
        "1 weight words that belong to no job",
    ]


def test_errors_that_the_design_must_report():
    scoreboard = Scoreboard(GEOMETRY, reference)
    scoreboard.on_command(command_word(GEOMETRY, k=0, n=1, m=1))
    assert scoreboard.bad_command
    assert scoreboard.idle
    operands = JobOperands(np.full((1, 3), 3, np.int8), np.ones((1, 3), np.int8))
    scoreboard.on_command(command(operands.job))
    for word in activation_words(GEOMETRY, operands.activations):
        scoreboard.on_activation(word)
    assert not scoreboard.illegal_code
    # All five weights of an illegal code count as 0: here those are all weights of row 0.
    for word in (0x0F, 0, 0):
        scoreboard.on_weight(word)
    assert scoreboard.illegal_code
    scoreboard.on_result(beat_word([0], 1, 0, True))
    assert scoreboard.finish() == []


def test_only_the_first_messages_are_kept():
    scoreboard = Scoreboard(GEOMETRY, reference)
    for _ in range(25):
        scoreboard.on_result(beat_word([], 0, 0, False))
    assert scoreboard.mismatches == 25
    assert len(scoreboard.finish()) == 21
    assert scoreboard.finish()[-1] == "and 5 more mismatches"
