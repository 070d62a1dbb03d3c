"""Steps of whole models on machines."""

import json

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.model import load_model
from bitnet_hw.system import load_system
from bitnet_hw.system_prediction import predict, request_tokens_per_second

MODEL = load_model("bitnet-b1.58-2b-4t")

# A machine that nobody built and no constant was ever derived from.
DEMO = {
    "units": {
        "array": {"macs_per_cycle": 1000, "clock_mhz": 1000},
        "cpu": {"gmacs_per_second": 10},
    },
    "memory": {"peak_gb_per_s": 50, "efficiency": 0.8, "capacity_gb": 4},
    "operators": {
        "linear": {"ternary": {"unit": "array", "bits": 1.6}},
        "attention": {"unit": "cpu"},
        "lm_head": {"unit": "array", "bits": 8},
    },
    "power": {"board": {"idle_w": 2, "decode_w": 5, "prefill_w": 8}, "chip": {"decode_w": 1}},
}


def test_a_machine_never_seen():
    result = predict(load_system(DEMO), MODEL, context=100)
    # 2,084,044,800 x 0.2 bytes over 40 GB/s.
    assert result.operator("linear").seconds == pytest.approx(10.420224e-3)
    # 30 layers x 2 x 2560 x 100 multiply-accumulates at 10 per ns; 7.68 MB take less.
    assert result.operator("attention").seconds == pytest.approx(1.536e-3)
    # 128,256 x 2560 bytes.
    assert result.operator("lm_head").seconds == pytest.approx(8.208384e-3)
    assert result.seconds == pytest.approx(20.164608e-3)
    assert result.tokens_per_second == pytest.approx(49.5919, abs=1e-4)
    assert result.energy_per_token_j == {
        "board": pytest.approx(0.10082304),
        "board_over_idle": pytest.approx(0.060493824),
        "chip": pytest.approx(0.020164608),
    }
    assert result.transferred_bytes["linear"] == pytest.approx(416_808_960)
    assert "norms" in result.not_modelled
    assert "linear" not in result.not_modelled


def test_prompt_of_a_machine_never_seen():
    result = predict(load_system(DEMO), MODEL, phase="prefill", context=64)
    # 64 x 2,084,044,800 additions at 10^12 per second.
    assert result.operator("linear").seconds == pytest.approx(0.1333788672)
    assert (result.tokens, result.watts["board"]) == (64, 8)


def test_to_dict_is_json():
    data = json.loads(json.dumps(predict(load_system(DEMO), MODEL).to_dict()))
    assert data["model"] == "bitnet-b1.58-2b-4t"
    assert [item["operator"] for item in data["operators"]] == ["linear", "attention", "lm_head"]
    assert data["tokens_per_second"] == pytest.approx(1 / data["seconds_per_token"])


def test_pipeline():
    one = predict(load_system(DEMO), MODEL, batch=4, context=100)
    two = predict(load_system({**DEMO, "devices": 2}), MODEL, batch=8, context=100)
    # Each half of the batch takes its turn on each half of the layers.
    assert two.seconds == pytest.approx(one.seconds)
    assert two.tokens_per_second == pytest.approx(2 * one.tokens_per_second)
    # Two boards draw power for twice the tokens.
    assert two.energy_per_token_j == pytest.approx(one.energy_per_token_j)


def test_requests():
    system = load_system(DEMO)
    prompt = predict(system, MODEL, phase="prefill", batch=2, context=10).seconds
    token = predict(system, MODEL, batch=2, context=20).seconds
    rate = request_tokens_per_second(system, MODEL, batch=2, prompt=10, generated=20)
    assert rate == pytest.approx(60 / (prompt + 20 * token))


def test_stream_of_the_kv260():
    result = predict(load_system("bitnet-kv260"), MODEL, context=64)
    # 416.809 MB over 15.952 GB/s, 120 runs of 15 us, 30 layers of 84 us.
    assert result.operator("linear").seconds == pytest.approx(30.449e-3, abs=1e-6)
    # 153,600 multiply-accumulates for each of 64 positions, at 1.92 per ns.
    assert result.operator("attention").seconds == pytest.approx(5.12e-3)
    assert result.tokens_per_second == pytest.approx(18.18, abs=0.005)


def test_cycles_of_ternfpga():
    result = predict(load_system("ternfpga"), MODEL, context=64)
    # 69,468,160 weights a layer, eight a cycle of 10 ns.
    assert result.operator("linear").seconds == pytest.approx(30 * 8_683_520 * 1e-8)


def test_missing_format():
    with pytest.raises(
        ConfigError, match=r"^system ternfpga: operators\.linear\.fp16 must be given$"
    ):
        predict(load_system("ternfpga"), MODEL, weights="fp16")


def test_missing_operator():
    result = predict(load_system("vitallm"), MODEL)
    with pytest.raises(ConfigError, match=r"^system vitallm: operators\.attention must be given$"):
        result.operator("attention")
