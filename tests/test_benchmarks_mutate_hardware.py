"""Mutation of the hardware: what a bench finds, and what a solver says of the rest."""

from dataclasses import replace

import pytest

from benchmarks import mutate_hardware
from benchmarks.mutate_accelerator import accelerator
from benchmarks.mutate_decoders import trit5
from benchmarks.mutate_hardware import TARGETS, Score, measure
from benchmarks.mutate_ports import GEOMETRY, narrow
from bitnet_hw.errors import ConfigError, SimulationFailed


@pytest.mark.long
def test_every_code_of_a_decoder_finds_every_mutant_that_differs():
    score = measure("Trit5Decoder", 30)
    assert score.mutants == 30
    assert score.killed + score.equivalent == 30
    assert score.score == 1.0


@pytest.mark.long
def test_a_bench_of_one_code_has_gaps(monkeypatch):
    target = trit5()
    # Code 0 only, which is five weights of 0.
    monkeypatch.setitem(TARGETS, "One", lambda: replace(target, vectors=target.vectors[:1]))
    score = measure("One", 30)
    assert 0 < score.score < 1
    assert "gap" in {verdict for verdict, _ in score.survivors}
    assert all(mutation.startswith("mutate -mode ") for _, mutation in score.survivors)


@pytest.mark.long
def test_a_bench_that_rejects_the_original(monkeypatch):
    target = trit5()
    wrong = target.vectors.copy()
    # The weights that code 1 must have: the columns are reset, three of inputs, then pairs.
    wrong[1, 4] ^= 1
    monkeypatch.setitem(TARGETS, "Wrong", lambda: replace(target, vectors=wrong))
    with pytest.raises(
        SimulationFailed, match=r"^The bench of Wrong must pass unmutated: cycle 1$"
    ):
        measure("Wrong", 5)


def test_score_leaves_equivalent_mutants_out():
    score = Score(module="x", mutants=10, killed=6, equivalent=2, survivors=[], seconds=0.0)
    assert score.score == 0.75
    assert replace(score, mutants=2, killed=0).score == 1.0


def test_vectors_of_a_decoder():
    # Code 1 is weight +1 and four of 0; ten bits of weights and one for illegal are looked at.
    vectors = trit5().vectors
    assert vectors.shape == (256, 1 + 3 + 2 * 3)
    assert vectors[1].tolist() == [0, 1, 0, 0, 1, 0x7FF, 0, 0, 0, 0]
    assert vectors[0xFF].tolist() == [0, 0xFF, 0, 0, 0x400, 0x7FF, 0, 0, 0, 0]


def test_narrow_accelerators_are_the_same_but_for_widths():
    with narrow():
        target = accelerator()
    assert GEOMETRY.words_per_tile == GEOMETRY.beats_per_vector == GEOMETRY.tree_latency == 2
    # 4 bits of k, 6 of n, 2 of m and 8 of flags are one word; with 24 of n, two.
    assert target.constants["COMMAND_WORDS"] == 1
    # idle, five counters of 8 bits, and two errors.
    assert target.constants["STATUS_WORDS"] == 2
    assert accelerator().constants["COMMAND_WORDS"] == 2


def test_wrong_module():
    with pytest.raises(ConfigError, match=r"^--module must be one of Trit2Decoder, .* not Adder$"):
        mutate_hardware.main(module=["Adder"])
