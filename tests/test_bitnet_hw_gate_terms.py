"""Terms of a technology that was characterised from gates, and what an array takes by them."""

from pathlib import Path
from runpy import run_path

import pytest

from bitnet_hw.area import chip_area_mm2, power_at_rest_w
from bitnet_hw.array_work import ArrayWork
from bitnet_hw.config import load_config
from bitnet_hw.energy import Event, ternary_events
from bitnet_hw.errors import ConfigError
from bitnet_hw.estimate import estimate
from bitnet_hw.model import load_model
from rtl.job import Job

_HAND = run_path(str(Path(__file__).with_name("gate_technology.py")))
GATES, technology, term = _HAND["GATES"], _HAND["technology"], _HAND["term"]

# The numbers of `tiny`: 4 rows of 8 lanes, trit2, words of one tile, 2 tokens, 15 bits of sums.
UNITS = {
    # 4, 2 and 1 adders of 9, 10 and 11 bits.
    "adder_tree": 4 * (36 + 20 + 11),
    "lane_select": 0.5 * 32,
    "accumulators": 0.25 * 4 * 15 * 2,
    "registers": 0.125 * 32 + 2 * 64,
    "weight_decoder": 0.5 * 32,
}


def tiny(changes=None, **gates):
    return load_config("tiny", {"technology": technology(**gates), **(changes or {})})


def test_area_leakage_and_clock():
    config = tiny({"clock_mhz": 500})
    assert config.array.accumulator_bits == 15
    area = chip_area_mm2(config)
    for part, units in UNITS.items():
        assert area[part] == pytest.approx(units * 1e-6), part
    power = power_at_rest_w(config, area)
    assert power["array_leakage"] == pytest.approx(2e-9 * sum(UNITS.values()))
    assert power["array_clock"] == pytest.approx(3e-15 * 500e6 * sum(UNITS.values()))


def test_energy_of_steps():
    # One tile used for two tokens, five times: 5 steps with new weights, 5 with the same.
    config = tiny({"activity.zero_fraction": 0.25})
    ledger = ternary_events(config.array, [Job(k=8, n=4, m=2)], 5, gates=config.technology.gates)
    events = ledger.counts["lane_select"]
    assert events == {
        Event("gate_new", term="lane select: rows * lanes"): 5 * 32,
        Event("gate_same", term="lane select: rows * lanes"): 5 * 32,
    }
    energy = ledger.energy_j(config)
    for part, units in UNITS.items():
        assert energy[part] == pytest.approx(5 * units * (4 + 2) * 1e-15), part
    low = ledger.energy_j(config, "low", "nominal")["lane_select"]
    assert low == pytest.approx(5 * 16 * (2 + 1) * 1e-15)


def test_operands_and_zeros():
    gates = tiny().technology.gates
    name = "adder tree: rows * tree_add_bits"
    assert gates.step_fj(name, "new", "relu2", 0.35, 1.0) == 3
    # A tenth more zeros than the stream has: a tenth less for new weights, half of that for same.
    assert gates.step_fj(name, "new", "uniform", 0.35, 1.0) == pytest.approx(3.6)
    assert gates.step_fj(name, "same", "uniform", 0.35, 1.0) == pytest.approx(1.9)
    assert gates.step_fj(name, "new", "uniform", 0.25, 0.5) == 2
    assert gates.step_fj(name, "new", "high", 0.25, 1.0) == 4
    assert gates.step_fj(name, "new", "low", 0.3, 1.0) == 2
    # Never below nothing, and what is stored does not follow the density of toggles.
    assert gates.step_fj("weight decoder trit5: decoded_trits", "new", "uniform", 1.0, 0.5) == 0
    assert gates.step_fj("tile registers: tile_trits", "new", "uniform", 0.25, 0.5) == 0.5


def test_figures_have_units_and_ranges():
    dearest = term("lane select", "rows * lanes", 0.5)
    dearest["step_fj"]["relu2"] = {"new_fj": 2.5, "same_fj": 0.25}
    terms = [dearest if item["group"] == "lane select" else item for item in GATES["terms"]]
    figures = tiny(terms=terms).technology.gates.figures
    name = "lane select: rows * lanes"
    found = {key: (figure.nominal, unit) for key, (figure, unit) in figures.items() if name in key}
    assert found == {
        f"{name}.area_um2": (0.5, "um2"),
        f"{name}.leakage_nw": (1.0, "nW"),
        f"{name}.clock_fj": (1.5, "fJ"),
        f"{name}.new_fj": (2.0, "fJ"),
        f"{name}.same_fj": (1.0, "fJ"),
    }
    new, same = figures[f"{name}.new_fj"][0], figures[f"{name}.same_fj"][0]
    assert (new.low, new.high, same.low, same.high) == (1.0, 2.5, 0.25, 1.0)


def test_terms_of_one_lane_style_only():
    others = [item for item in GATES["terms"] if item["group"] != "lane select"]
    own = [
        term("lane select", "rows * lanes", factor, lane_style=style)
        for style, factor in (("select", 0.5), ("paired", 8.0))
    ]
    config = tiny({"clock_mhz": 500}, terms=[*others, *own])
    area = chip_area_mm2(config)
    assert area["lane_select"] == pytest.approx(UNITS["lane_select"] * 1e-6)
    power = power_at_rest_w(config, area)
    assert power["array_leakage"] == pytest.approx(2e-9 * sum(UNITS.values()))
    ledger = ternary_events(config.array, [Job(k=8, n=4)], 1, gates=config.technology.gates)
    assert list(ledger.counts["lane_select"]) == [
        Event("gate_new", term="lane select select: rows * lanes")
    ]


def test_a_group_without_a_term():
    config = tiny()
    gates = config.technology.gates
    assert gates.lacks(config.array) == ""
    fewer = gates.model_copy(update={"terms": gates.terms[1:]})
    assert fewer.lacks(config.array) == "adder tree"


def test_an_estimate_has_the_clock_and_says_so():
    config = load_config("edge", {"technology": technology(), "clock_mhz": 700})
    found = estimate(config, load_model("bitnet-b1.58-3b"))
    result = found.to_dict()
    clock_w = power_at_rest_w(config, chip_area_mm2(config))["array_clock"]
    breakdown = result["energy_breakdown_j"]
    assert breakdown["array_clock"] == pytest.approx(clock_w * found.seconds_per_token)
    assert result["assumptions"][0] == (
        "The array's energy is that of its gates while it multiplies uniform operands."
    )
    assert result["not_counted"][0] == "glitches in the array, and buffers of long wires"
    # 20 lanes lie at log(20 / 8) / log(32 / 8) between 800 and 600 MHz.
    [warning] = result["warnings"]
    assert warning == (
        "clock_mhz is 700, above the 668 MHz that an array of 20 lanes reaches in jouppi7 "
        "(changed), without wires."
    )
    sources = {row["figure"]: row for row in result["sources"]}
    row = sources["technology.gates.lane select: rows * lanes.new_fj"]
    assert (row["low"], row["nominal"], row["high"], row["unit"]) == (1, 2, 2, "fJ")
    assert row["status"] == "measured"
    assert row["source"] == "fitted to 2 arrays in hand (1 V, 25 C), by hand"
    few = estimate(load_config("edge", {"technology": technology()}), load_model("bitnet-b1.58-3b"))
    assert few.energy_j["low"]["adder_tree"] < few.energy_j["nominal"]["adder_tree"]


def test_no_warning_below_the_highest_clock():
    config = load_config("edge", {"technology": technology(), "clock_mhz": 650})
    assert estimate(config, load_model("bitnet-b1.58-3b")).to_dict()["warnings"] == []


def test_work_in_simulation_takes_the_gates_too():
    config = tiny()
    work = ArrayWork(config)
    work.products[2, 8, 4] += 1
    energy = work.energy_j()
    assert energy["array_clock"] == pytest.approx(3e-15 * sum(UNITS.values()) * work.cycles)
    assert list(energy)[:5] == [
        "adder_tree",
        "lane_select",
        "weight_decoder",
        "registers",
        "accumulators",
    ]


def load_wrong(**gates):
    with pytest.raises(ConfigError) as error:
        tiny(**gates)
    return str(error.value)


def test_wrong_gates():
    terms = GATES["terms"]
    assert load_wrong(terms=[term("adder tree", "rows * colour")]) == (
        "command line: technology.gates.terms[0].count must be a product of sizes such as "
        "rows * lanes; 'colour' is none, not 'rows * colour'"
    )
    assert load_wrong(terms=[{**terms[0], "area_um2": -1.0}]) == (
        "command line: technology.gates.terms[0].area_um2 must be at least 0.0, not -1.0"
    )
    assert load_wrong(terms=[{**terms[0], "colour": 1}]).startswith(
        "command line: technology.gates.terms[0].colour must be a known key of "
        "technology.gates.terms[0]"
    )
    assert load_wrong(terms=[terms[0], terms[0]]).endswith(
        "must be gates without two terms of the same group and count"
    )
    assert load_wrong(ascending=["digits"]).endswith(
        "technology.gates must be gates whose ascending names each of its operands"
    )
    assert load_wrong(zero_slopes={}).endswith(
        "technology.gates must be gates with zero_slopes of adder tree"
    )
    assert load_wrong(terms=[{**terms[0], "step_fj": {}}]).endswith(
        "gates whose term 'adder tree: rows * tree_add_bits' has a step_fj for each operands"
    )


def test_gates_of_other_arrays():
    terms = [item for item in GATES["terms"] if item.get("weight_encoding") != "trit2"]
    assert load_wrong(terms=terms).endswith(
        "The file must be a file whose technology has gates for the weight decoder of trit2 "
        "weights and lane_style select"
    )


def test_gates_need_the_rest_of_a_technology():
    with pytest.raises(ConfigError, match="must be a technology with area_um2 and leakage"):
        load_config("tiny", {"technology": {**technology(), "leakage": None}})
