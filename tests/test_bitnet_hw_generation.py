from collections import Counter
from types import SimpleNamespace

import pytest
import torch

from bitnet_hw.generation import generate


class Counting:
    """A model that counts on: after 3 comes 4, or with small probability 5."""

    def __init__(self, logit_of_next=4.0):
        self.calls = []
        self.logit_of_next = logit_of_next

    def __call__(self, *, input_ids, past_key_values, use_cache, logits_to_keep):
        assert use_cache
        assert logits_to_keep == 1
        seen = (past_key_values or []) + input_ids[0].tolist()
        self.calls.append((input_ids[0].tolist(), past_key_values))
        logits = torch.full((1, 1, 50), -1e9)
        logits[0, 0, seen[-1] + 1] = self.logit_of_next
        logits[0, 0, seen[-1] + 2] = 0.0
        return SimpleNamespace(logits=logits, past_key_values=seen)


def test_each_token_passes_once():
    model = Counting()
    assert list(generate(model, [3, 7], 3)) == [8, 9, 10]
    assert model.calls == [([3, 7], None), ([8], [3, 7]), ([9], [3, 7, 8])]


def test_nothing_runs_before_it_is_asked_for():
    model = Counting()
    tokens = generate(model, [3], 5)
    assert model.calls == []
    next(tokens)
    assert len(model.calls) == 1


def test_the_first_of_equals():
    assert list(generate(Counting(logit_of_next=0.0), [3], 2)) == [4, 5]


def test_draws_follow_the_probabilities():
    def first(seed, temperature):
        return next(generate(Counting(), [3], 1, temperature=temperature, seed=seed))

    draws = Counter(first(seed, 4.0) for seed in range(400))
    # exp(4 / 4) to exp(0): 73 % and 27 %.
    assert set(draws) == {4, 5}
    assert draws[4] / 400 == pytest.approx(0.731, abs=0.08)
    assert first(7, 4.0) == first(7, 4.0)
    assert {first(seed, 1e-3) for seed in range(20)} == {4}
