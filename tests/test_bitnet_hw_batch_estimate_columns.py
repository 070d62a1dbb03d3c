"""Estimates of columns of designs, against the estimate of each design: equal bit for bit."""

from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitnet_hw.batch.config_columns import config_columns
from bitnet_hw.batch.estimate_columns import estimate_columns
from bitnet_hw.config import load_config
from bitnet_hw.estimate import estimate, prepare
from bitnet_hw.estimate_dict import estimate_fields
from bitnet_hw.model import Model, load_model

_HAND = run_path(str(Path(__file__).with_name("gate_technology.py")))

SMALL = Model(
    name="small",
    hidden=96,
    layers=3,
    heads=4,
    kv_heads=2,
    head_dim=24,
    ffn=250,
    vocab=777,
    context=64,
    tied_embeddings=False,
    activation="silu",
    sub_norms=True,
)

SIZES = st.integers(1, 64).flatmap(
    lambda rows: st.fixed_dictionaries({
        "rows": st.just(rows),
        "lanes": st.integers(1, 80),
        "weight_bus_bits": st.integers(1, 700).map(lambda count: 8 * count),
        "max_k": st.integers(256, 9000),
        "output_bus_words": st.integers(1, rows),
        "tree_register_every": st.integers(1, 5),
    })
)
PROFILES = st.fixed_dictionaries({
    "clock_mhz": st.floats(10, 4000),
    "memory": st.sampled_from(["lpddr5x-64", "hbm3-stack", "ddr4-64"]),
    "technology": st.sampled_from(["jouppi7", "horowitz45"]),
    "memory.efficiency": st.floats(0.1, 1),
    "activity.zero_fraction": st.floats(0, 1),
})
# Two technologies with the same terms, of which nothing else is alike.
GATES = [
    _HAND["technology"](),
    {
        **_HAND["technology"](
            terms=[
                {**term, "area_um2": 0.1 + index, "clock_fj": 0.7 / (1 + index)}
                for index, term in enumerate(_HAND["GATES"]["terms"])
            ],
            ascending=["relu2", "digits", "uniform"],
        ),
        "base": "horowitz45",
    },
]
GATE_PROFILES = st.fixed_dictionaries({
    "clock_mhz": st.floats(10, 4000),
    "technology": st.sampled_from(GATES),
    "activity.zero_fraction": st.floats(0, 1),
    "activity.operands": st.sampled_from(["uniform", "relu2", "digits"]),
    "activity.toggle_density": st.floats(0, 1),
})
# What all designs of a column share.
SHARED = st.fixed_dictionaries({
    "array.weight_encoding": st.sampled_from(["trit2", "trit5"]),
    "array.max_tokens": st.integers(1, 5),
    "formats.lm_head": st.sampled_from(["fp16", "int8", "ternary"]),
    "formats.kv_cache_bits": st.sampled_from([16, 8, 5]),
    "chips.tensor": st.integers(1, 4),
    "chips.pipeline": st.integers(1, 3),
    "units.attention": st.sampled_from(["vector", "host"]),
    "host": st.just({"gmacs_per_second": 3.7, "energy_pj_per_mac": 40, "call_us": 1.3}),
    "board.idle_w": st.floats(0, 9),
})
STEPS = st.fixed_dictionaries({
    "phase": st.sampled_from(["decode", "prefill"]),
    "batch": st.integers(1, 9),
    "context": st.integers(1, 64),
})


def flat(fields, prefix=""):
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def compare(model, shared, profiles, designs, step):
    """Return the number of numbers that were compared; all are equal."""
    configs = [load_config("edge", {**shared, **profile}) for profile in profiles]
    which = np.array([design["which"] for design in designs])
    sizes = {
        name: np.array([design["sizes"][name] for design in designs])
        for name in designs[0]["sizes"]
    }
    widths = np.array([design["width"] for design in designs])
    columns = config_columns(configs, which, sizes, widths)
    workload = prepare(configs[0], model, **step)
    found = dict(flat(estimate_fields(estimate_columns(columns, model, workload, **step))))
    compared = 0
    for index, design in enumerate(designs):
        changes = {f"array.{name}": size for name, size in design["sizes"].items()}
        config = load_config(
            "edge",
            {
                **shared,
                **profiles[design["which"]],
                **changes,
                "vector_unit.fp16_macs_per_cycle": design["width"],
            },
        )
        expected = dict(flat(estimate_fields(estimate(config, model, **step))))
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            column = found[name]
            got = column[index] if isinstance(column, np.ndarray) and column.ndim else column
            assert got == value, name
            compared += 1
    return compared


@settings(max_examples=40, deadline=None)
@given(
    SHARED,
    st.lists(PROFILES, min_size=1, max_size=3),
    st.lists(st.tuples(SIZES, st.integers(0, 2), st.integers(1, 300)), min_size=1, max_size=8),
    STEPS,
)
def test_equal_bit_for_bit(shared, profiles, designs, step):
    designs = [
        {"sizes": sizes, "which": which % len(profiles), "width": width}
        for sizes, which, width in designs
    ]
    assert compare(SMALL, shared, profiles, designs, step) > 100 * len(designs)


@settings(max_examples=25, deadline=None)
@given(
    SHARED,
    st.lists(GATE_PROFILES, min_size=1, max_size=3),
    st.lists(st.tuples(SIZES, st.integers(0, 2), st.integers(1, 300)), min_size=1, max_size=8),
    STEPS,
)
def test_equal_bit_for_bit_with_gates(shared, profiles, designs, step):
    designs = [
        {"sizes": sizes, "which": which % len(profiles), "width": width}
        for sizes, which, width in designs
    ]
    assert compare(SMALL, shared, profiles, designs, step) > 100 * len(designs)


@pytest.mark.parametrize("model", ["bitnet-b1.58-3b", "bitnet-b1.58-70b", "llama-1t"])
def test_whole_models(model):
    rows, lanes = [16, 64, 128], [20, 64, 250]
    designs = [
        {
            "sizes": {
                "rows": row,
                "lanes": lane,
                "weight_bus_bits": 8 * -(-row * lane // 5),
                "max_k": 1 << 17,
                "output_bus_words": 4,
                "tree_register_every": 2,
            },
            "which": 0,
            "width": 512,
        }
        for row, lane in zip(rows, lanes, strict=True)
    ]
    step = {"phase": "decode", "batch": 1, "context": 512}
    profile = {"clock_mhz": 1000.0, "array.max_k": 1 << 17}
    compare(load_model(model), {}, [profile], designs, step)


def test_literal():
    # The energy of `edge` on 3B, of docs and README, out of a column.
    config = load_config("edge")
    array = config.array
    names = ("rows", "lanes", "weight_bus_bits", "max_k", "output_bus_words", "tree_register_every")
    sizes = {name: np.full(2, getattr(array, name)) for name in names}
    columns = config_columns([config], np.zeros(2, np.int64), sizes, 64)
    model = load_model("bitnet-b1.58-3b")
    step = {"phase": "decode", "batch": 1, "context": 512}
    result = estimate_columns(columns, model, prepare(config, model, **step), **step)
    assert result.cycles.tolist() == [17_653_973] * 2
    assert result.energy_per_token_j == pytest.approx([0.043907] * 2, rel=1e-4)
