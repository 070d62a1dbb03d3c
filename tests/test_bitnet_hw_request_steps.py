"""Contexts of decode steps, and sums over all of them from some."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.request_steps import decode_contexts, mean_context, sum_over_contexts


def test_contexts():
    assert decode_contexts(5, 1) == ()
    assert decode_contexts(5, 2) == (6,)
    assert decode_contexts(5, 4) == (6, 7, 8)
    assert decode_contexts(5, 34) == tuple(range(6, 39))
    assert decode_contexts(0, 66) == tuple(range(1, 66, 2))


@given(st.integers(1, 5000), st.integers(2, 5000))
def test_contexts_reach_from_the_first_step_to_the_last(prompt, generate):
    contexts = decode_contexts(prompt, generate)
    assert (contexts[0], contexts[-1]) == (prompt + 1, prompt + generate - 1)
    assert len(set(contexts)) == len(contexts) <= 33
    gaps = {right - left for left, right in itertools.pairwise(contexts)}
    assert not gaps or max(gaps) - min(gaps) <= 1
    assert contexts[0] <= mean_context(prompt, generate) <= contexts[-1]
    assert 2 * mean_context(prompt, generate) - (contexts[0] + contexts[-1]) in (0, 1)


def test_sum():
    assert sum_over_contexts({}) == 0
    assert sum_over_contexts({7: 2.5}) == 2.5
    assert sum_over_contexts({7: 1, 8: 2, 9: 5}) == 8
    # 10 + 12 + 14 + 16 + 18.
    assert sum_over_contexts({3: 10, 7: 18}) == 70


@given(st.integers(1, 300), st.integers(2, 300), st.integers(0, 9), st.integers(0, 9))
def test_what_is_linear_in_the_context_is_summed_exactly(prompt, generate, constant, slope):
    def line(context):
        return constant + slope * context

    some = {context: line(context) for context in decode_contexts(prompt, generate)}
    every = sum(line(context) for context in range(prompt + 1, prompt + generate))
    assert sum_over_contexts(some) == pytest.approx(every)
