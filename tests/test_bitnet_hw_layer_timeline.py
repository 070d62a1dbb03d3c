"""The timeline of a layer adds up to the estimate, to the cycle, whatever the step."""

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.cycles import cycles
from bitnet_hw.estimate import estimate
from bitnet_hw.layer_timeline import layer_timeline
from bitnet_hw.model import load_model
from bitnet_hw.step_time import ONCE
from bitnet_hw.timing import weight_rate
from rtl.job import Job


def run(array="edge", model="bitnet-b1.58-3b", changes=None, **step):
    result = estimate(load_config(array, changes or {}), load_model(model), **step)
    return result, layer_timeline(result)


def in_layers(result, field):
    return sum(
        getattr(operator, field)
        for operator in result.operators
        if operator.name not in (*ONCE, "stage_handover")
    )


@pytest.mark.parametrize(
    ("array", "model", "changes", "step"),
    [
        ("edge", "bitnet-b1.58-3b", {}, {}),
        ("edge", "bitnet-b1.58-2b-4t", {}, {"batch": 5, "context": 77}),
        ("large", "falcon3-7b-1.58", {"memory": "ddr4-64"}, {"batch": 8}),
        ("large", "bitnet-b1.58-70b", {"chips.tensor": 4, "chips.pipeline": 2}, {}),
        ("edge", "bitnet-b1.58-3b", {}, {"phase": "prefill", "context": 8}),
        (
            "large",
            "bitnet-b1.58-3b",
            {"formats.kv_cache_bits": 8},
            {"phase": "prefill", "context": 3},
        ),
    ],
)
def test_sums_are_those_of_the_estimate(array, model, changes, step):
    result, timeline = run(array, model, changes, **step)
    # One chunk of tokens: every layer does the same.
    assert timeline.layers * timeline.cycles == in_layers(result, "cycles")
    assert timeline.layers * timeline.energy_j == pytest.approx(in_layers(result, "energy_j"))
    assert timeline.tokens == min(result.tokens, result.config.array.max_tokens)


def test_bars_follow_each_other():
    _, timeline = run()
    assert [bar.operator for bar in timeline.bars] == [
        *("norms", "quantize", "qkv_proj", "dequantize", "rotary", "attention"),
        *("norms", "quantize", "o_proj", "dequantize", "residual"),
        *("norms", "quantize", "gate_up_proj", "dequantize", "activation"),
        *("norms", "quantize", "down_proj", "dequantize", "residual"),
    ]
    end = 0
    for bar in timeline.bars:
        assert bar.start == end
        assert bar.cycles > 0
        end += bar.cycles
    assert end == timeline.cycles


def test_stalls_are_the_counters_of_the_hardware():
    result, timeline = run()
    [bar] = [bar for bar in timeline.bars if bar.operator == "o_proj"]
    config = result.config
    count = cycles(config.array, [Job(k=3200, n=3200, m=1)], weight_rate(config))
    states = dict(bar.states)
    assert states.pop("fill") == count.cycles - sum(states.values())
    assert states == {name: getattr(count, name) for name in states}
    assert list(states) == ["busy", "weight_wait", "activation_wait", "output_wait"]
    assert sum(bar.states.values()) == bar.cycles
    assert states["weight_wait"] > 0
    assert all(not bar.states for bar in timeline.bars if bar.unit != "array")


def test_chips_exchange_before_and_after():
    _, timeline = run("large", "bitnet-b1.58-3b", {"chips.tensor": 2})
    names = [bar.operator for bar in timeline.bars]
    assert names.count("scale_exchange") == names.count("sum_exchange") == 2
    place = names.index("o_proj")
    assert names[place - 2 : place + 3] == [
        *("scale_exchange", "quantize", "o_proj", "sum_exchange", "dequantize")
    ]


def test_prefill_shows_the_last_full_chunk():
    short = run(phase="prefill", context=16)[1]
    # 8 + 8 + 3 tokens: the last full chunk is that of 16 tokens, too.
    assert run(phase="prefill", context=19)[1].bars == short.bars
    assert short.tokens == 8
    longer = run(phase="prefill", context=256)[1]
    attention = [
        next(bar for bar in timeline.bars if bar.operator == "attention")
        for timeline in (short, longer)
    ]
    assert attention[0].cycles < attention[1].cycles


def test_without_sub_norms():
    model = load_model("bitnet-b1.58-3b").model_copy(update={"sub_norms": False})
    timeline = layer_timeline(estimate(load_config("edge"), model))
    assert [bar.operator for bar in timeline.bars].count("norms") == 2
