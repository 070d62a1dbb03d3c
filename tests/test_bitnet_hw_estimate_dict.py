"""The keys of the JSON report, and sums that must hold among them."""

import json

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.energy_scopes import SCOPES
from bitnet_hw.estimate import estimate
from tests.small_model import SMALL

HOST = {"gmacs_per_second": 2, "energy_pj_per_mac": 100}


def report(changes=None, **step):
    result = estimate(load_config("edge", changes), SMALL, **{"context": 64, **step})
    return json.loads(json.dumps(result.to_dict(), allow_nan=False))


def test_what_was_estimated():
    found = report({"formats.lm_head": "int8", "chips.tensor": 2}, batch=3)
    assert {
        key: found[key] for key in ("name", "model", "phase", "batch", "context", "tokens")
    } == {
        "name": "edge",
        "model": "small",
        "phase": "decode",
        "batch": 3,
        "context": 64,
        "tokens": 3,
    }
    assert found["chips"] == {"count": 2, "tensor": 2, "pipeline": 1}
    assert found["formats"] == {"kv_cache_bits": 16, "lm_head": "int8"}
    assert (found["array"]["rows"], found["macs_per_cycle"]) == (16, 320)
    assert found["zero_fraction"] == {"low": 0.25, "nominal": pytest.approx(1 / 3), "high": 0.45}


def test_sums():
    found = report(batch=3)
    assert found["seconds_per_token"] == pytest.approx(found["seconds"] / 3)
    assert found["power_w"] * found["seconds"] == pytest.approx(3 * found["energy_per_token_j"])
    for sizes in (found["memory_bytes"], found["dram_bytes"], found["area_mm2"]):
        total = sizes.pop("total")
        assert sum(sizes.values()) == pytest.approx(total)
    breakdown = found["energy_breakdown_j"]
    for scope, energy in found["energy_per_token_by_scope_j"].items():
        assert sum(breakdown[part] for part in SCOPES[scope]) == pytest.approx(energy)
    assert sum(row["cycles"] for row in found["layers"]) == found["cycles"]


def test_ranges():
    found = report()
    energies = found["energy_per_token_range_j"]
    assert energies["low"] < energies["nominal"] == found["energy_per_token_j"] < energies["high"]
    zeros = found["energy_per_token_over_zeros_j"]
    # Published figures stay at their nominal value.
    assert energies["low"] < zeros["low"] < energies["nominal"] < zeros["high"] < energies["high"]


def test_events_of_one_width_are_one_kind():
    # Nine sequences: chunks of eight and of one, 320 tiles each.
    events = report(batch=9)["events"]
    assert events["adder_tree"]["int_add[9]"] == 320 * 9 * 16 * 10
    assert events["weight_decoder"] == {"trit_decode": 320 * 2 * 320}


def test_board():
    assert "board_idle" not in report()["energy_breakdown_j"]
    found = report({"board.idle_w": 3})
    assert found["energy_breakdown_j"]["board_idle"] == pytest.approx(3 * found["seconds"])
    assert found["scope"] == "system"
    assert list(found["energy_per_token_by_scope_j"]) == ["array", "core", "system", "board"]


def test_sources():
    def blocks(changes=None):
        figures = [source["figure"] for source in report(changes)["sources"]]
        assert len(figures) == len(set(figures))
        return {figure.rpartition(".")[0] for figure in figures}

    alone = {"memory", "activity", "technology.energy_pj", "technology.area_um2"}
    alone |= {"technology.leakage", "technology.sram_pj_per_64_bits"}
    assert blocks() == alone
    others = {"board.idle_w": 3, "host": HOST, "chips.pipeline": 2}
    assert blocks(others) == alone | {"board", "host", "chips.link"}


def test_not_counted():
    assert report()["not_counted"][:2] == ["the weight decoder", "the lane select"]
    poor = report({"technology.energy_pj.register_bit": None, "technology.leakage": None})
    assert poor["not_counted"][:1] == ["registers and the partial sums kept in them"]
    assert "leakage of the chip" in poor["not_counted"]
    assert poor["energy_breakdown_j"]["registers"] == 0


def test_a_step_has_no_request():
    assert report()["request"] == {}


def test_baselines():
    found = report()
    assert list(found["baselines"]) == ["fp16", "int8", "fp16_same_area", "int8_same_area"]
    for baseline in found["baselines"].values():
        energy = sum(baseline["energy_breakdown_j"].values())
        assert energy == pytest.approx(baseline["energy_per_token_j"])
        assert baseline["ratios"]["energy"] == pytest.approx(energy / found["energy_per_token_j"])
