"""Whole models on FP16 multipliers over ternary lanes, against figures taken from the estimate."""

import pytest
from pydantic import ValidationError

from bitnet_hw.config import load_config
from bitnet_hw.estimate import estimate
from bitnet_hw.model import load_model
from bitnet_hw.reproduce.design_ratio import DesignRatio

QUESTION = {"array": "edge", "technology": "jouppi7", "model": "bitnet-b1.58-3b"}


def test_system_is_the_ratio_that_estimate_prints():
    result = estimate(load_config("edge"), load_model("bitnet-b1.58-3b"))
    printed = result.to_dict()["baselines"]["fp16"]["ratios"]["energy"]
    assert DesignRatio(**QUESTION, scope="system").value() == pytest.approx(printed)
    # README: 6.67.
    assert round(printed, 2) == 6.67


def test_array_by_the_table():
    """3,221,504,000 products of 0.34 + 0.16 pJ over the energy of the ternary array."""
    result = estimate(load_config("edge"), load_model("bitnet-b1.58-3b"))
    ours = DesignRatio(**QUESTION, scope="array").value()
    assert ours == pytest.approx(3_221_504_000 * 0.5e-12 / result.step_energy_j("array"))


def test_array_by_gates_is_far_from_that_of_the_table():
    gates = {**QUESTION, "array": "large-biased", "technology": "asap7"}
    assert 12 < DesignRatio(**gates, scope="array").value() < 13


def test_scopes_are_three():
    with pytest.raises(ValidationError):
        DesignRatio(**QUESTION, scope="board")
