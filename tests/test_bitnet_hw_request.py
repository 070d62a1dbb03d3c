"""Requests, against sums of steps."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitnet_hw.config import load_config
from bitnet_hw.errors import ConfigError
from bitnet_hw.estimate import estimate
from bitnet_hw.model import load_model
from bitnet_hw.request import estimate_request
from tests.small_model import SMALL

EDGE = load_config("edge")


def request(prompt, generate, slots=1, changes=None):
    config = load_config("edge", changes)
    return estimate_request(config, SMALL, prompt=prompt, generate=generate, slots=slots)


def test_one_token_is_the_prefill():
    found, prefill = request(20, 1, slots=4), estimate(EDGE, SMALL, phase="prefill", context=20)
    assert found.seconds_to_first_token == found.seconds == prefill.seconds
    assert found.energy_j["system"] == prefill.step_energy_j()
    assert found.seconds_per_output_token is None
    assert found.steps_estimated == 0
    # Four prefills follow each other, and each gives a token.
    assert found.load.tokens_per_second == pytest.approx(1 / prefill.seconds)
    assert found.load.seconds_per_output_token is None


def test_three_tokens():
    found = request(20, 3)
    steps = [estimate(EDGE, SMALL, context=context) for context in (21, 22)]
    seconds = sum(step.seconds for step in steps)
    assert found.seconds == pytest.approx(found.seconds_to_first_token + seconds)
    assert found.seconds_per_output_token == pytest.approx(seconds / 2)
    prefill = estimate(EDGE, SMALL, phase="prefill", context=20)
    for edge, energy in found.energy_range_j.items():
        parts = (step.step_energy_j(edge=edge) for step in (prefill, *steps))
        assert energy == pytest.approx(sum(parts))
    report = found.to_dict()
    assert report["energy_per_output_token_j"] * 3 == pytest.approx(found.energy_j["system"])
    assert report["energy_per_total_token_j"] * 23 == pytest.approx(found.energy_j["system"])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        # Attention computes for longer than it transfers from a context on.
        {"vector_unit.fp16_macs_per_cycle": 12},
        {"memory.peak_gb_per_s": 5, "formats.kv_cache_bits": 4},
    ],
)
def test_interpolation_is_close_to_the_sum(changes):
    found = request(10, 246, changes=changes)
    assert found.steps_estimated == 33
    config = load_config("edge", changes)
    steps = [estimate(config, SMALL, context=context) for context in range(11, 256)]
    prefill = estimate(config, SMALL, phase="prefill", context=10)
    seconds = prefill.seconds + sum(step.seconds for step in steps)
    energy = prefill.step_energy_j() + sum(step.step_energy_j() for step in steps)
    assert found.seconds == pytest.approx(seconds, rel=2e-5)
    assert found.energy_j["system"] == pytest.approx(energy, rel=2e-5)


def test_a_single_slot_is_a_request_alone():
    found = request(10, 201)
    # The mean of the contexts 11 to 210 is 110.5: rounded up, the step is a little longer.
    assert found.load.context == 111
    assert found.load.seconds == pytest.approx(found.seconds, rel=2e-3)
    assert found.load.seconds_per_output_token == pytest.approx(
        found.seconds_per_output_token, rel=2e-3
    )
    assert found.load.energy_j["system"] == pytest.approx(found.energy_j["system"], rel=2e-3)


def test_continuous_batch():
    found = request(20, 31, slots=8)
    load = found.load
    prefill = estimate(EDGE, SMALL, phase="prefill", context=20)
    step = estimate(EDGE, SMALL, batch=8, context=36)
    # In the time of a request 8 prompts and 30 steps.
    seconds = 8 * prefill.seconds + 30 * step.seconds
    assert (load.slots, load.context) == (8, 36)
    assert load.seconds == pytest.approx(seconds)
    assert load.tokens_per_second == pytest.approx(8 * 31 / seconds)
    # The seven others' prompts delay each of the 30 tokens after the first.
    assert load.seconds_per_output_token == pytest.approx((seconds - prefill.seconds) / 30)
    energy = prefill.step_energy_j() + 30 * step.step_energy_j() / 8
    assert load.energy_j["system"] == pytest.approx(energy)
    assert found.to_dict()["load"]["energy_per_output_token_j"] == pytest.approx(energy / 31)


def test_memory_of_a_batch():
    # Weights, table and head, norms; 50 tokens of 256 bytes for each slot.
    some, full = (request(20, 31, slots=8, changes={"memory.capacity_gb": gb}) for gb in (1, 2e-4))
    assert some.load.chip_memory_bytes == 20_480 + 128_000 + 1536 + 8 * 50 * 256
    assert (some.load.memory_fits, full.load.memory_fits) == (True, False)


def test_scopes():
    found = request(20, 31, changes={"board.idle_w": 3})
    assert list(found.energy_j) == ["array", "core", "system", "board"]
    idle = found.energy_j["board"] - found.energy_j["system"]
    assert idle == pytest.approx(3 * found.seconds)


def test_json():
    report = json.loads(json.dumps(request(20, 31, slots=4).to_dict(), allow_nan=False))
    assert set(report) >= {
        *("prompt", "generate", "scope", "seconds_to_first_token", "seconds_per_output_token"),
        *("seconds", "energy_j", "energy_per_output_token_j", "energy_per_total_token_j"),
        *("tokens_per_second", "load"),
    }
    assert report["load"]["slots"] == 4


def test_3b():
    found = estimate_request(EDGE, load_model("bitnet-b1.58-3b"), prompt=512, generate=128, slots=8)
    # 64 chunks of 8 tokens; a token of decode streams 1.02 GB at 58 GB/s.
    assert found.seconds_to_first_token == pytest.approx(5.554, abs=1e-3)
    assert found.seconds_per_output_token == pytest.approx(18.02e-3, abs=1e-5)
    assert found.load.tokens_per_second == pytest.approx(17.14, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 5), "prompt must be at least 1, not 0"),
        ((5, 0), "generate must be at least 1, not 0"),
        (
            (200, 57),
            "prompt + generate must be at most 256, the longest sequence of small, not 257",
        ),
        ((5, 5, 0), "batch must be an integer from 1 to 65536, not 0"),
    ],
)
def test_out_of_range(arguments, message):
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        request(*arguments)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 100), st.integers(1, 100), st.integers(1, 24))
def test_company_never_makes_a_request_faster(prompt, generate, slots):
    one, more = (request(prompt, generate, slots=count).load for count in (slots, slots + 1))
    assert more.seconds >= one.seconds
    # A slot that starts another chunk of tokens costs at most a whole one.
    assert more.tokens_per_second >= one.tokens_per_second / 2
