"""How many sequences fit."""

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.model import load_model
from bitnet_hw.system import load_system
from bitnet_hw.system_capacity import most_sequences, stored_weight_bytes

MODEL = load_model("bitnet-b1.58-70b")
CARDS = load_system({"base": "a100-80gb", "devices": 2})


def test_weights():
    # 68,451,041,280 weights in 2 bits; 2 x 32000 x 8192 and the norms in FP16.
    assert MODEL.ternary_parameters == 68_451_041_280
    assert stored_weight_bytes(MODEL, 2) == pytest.approx(17.1127603e9 + 1.048576e9, abs=1e7)


def test_sequences_of_llama_70b():
    # 160 GB less 137.96 GB of weights over 512 x 2,621,440 bytes: 16.4.
    assert most_sequences(CARDS, MODEL, tokens=512, weights="fp16", kv_heads=64) == 16
    # 160 GB less 18.17 GB over 512 x 1,310,720 bytes: 211.3.
    assert most_sequences(CARDS, MODEL, tokens=512, kv_heads=64, kv_bits=8) == 211


def test_nothing_fits():
    assert most_sequences(load_system("a100-80gb"), MODEL, tokens=1, weights="fp16") == 0


def test_no_capacity():
    with pytest.raises(ConfigError, match=r"^system ternfpga: memory\.capacity_gb must be given$"):
        most_sequences(load_system("ternfpga"), MODEL, tokens=1)


def test_no_such_weights():
    system = load_system("tereffic-u280")
    with pytest.raises(
        ConfigError, match=r"^system tereffic-u280: operators\.linear\.fp16 must be given$"
    ):
        most_sequences(system, MODEL, tokens=1, weights="fp16")
