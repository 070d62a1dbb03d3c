"""What a sweep may give values to: every key of a configuration."""

import re

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.sweep import load_sweep

HEAD = "base: edge\nmodel: bitnet-b1.58-3b\n"


@pytest.fixture
def sweep(tmp_path):
    def load(text):
        path = tmp_path / "s.yaml"
        path.write_text(HEAD + text)
        return load_sweep(path)

    return load


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("formats.kv_cache_bits", "[4, 8, 16]"),
        ("formats.lm_head", "[fp16, int8, ternary]"),
        ("chips.tensor", "{from: 1, to: 8, log2: true}"),
        ("chips.link.gb_per_s", "[16, 32]"),
        ("activity.zero_fraction", "{from: 0.25, to: 0.45, points: 3}"),
        ("activity.zero_fraction.nominal", "[0.3, 0.4]"),
        ("board.idle_w", "[0, 2.5]"),
        ("technology.energy_pj.register_bit", "[0.001, 0.002]"),
        ("memory.capacity_gb", "[8, 16]"),
        ("chips", "[{tensor: 2}, {pipeline: 2}]"),
        ("host", "[{gmacs_per_second: 10, energy_pj_per_mac: 20}]"),
        ("clock_mhz", "[500, 1000]"),
    ],
)
def test_fields(sweep, field, values):
    found = sweep(f"sweep: {{{field}: {values}}}")
    assert [found.point(index).config() for index in range(found.points)]


def test_units_need_a_host(sweep):
    found = sweep(
        "sweep: {units.attention: [vector, host], host.gmacs_per_second: 10, "
        "host.energy_pj_per_mac: 20}"
    )
    units = [found.point(index).config().units.attention for index in range(2)]
    assert units == ["vector", "host"]


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("formats.kv_bits", "formats.kv_bits must be a known key of sweep; did you mean"),
        ("formats.lm_head.x", "formats.lm_head.x must be a known key of sweep; did you mean"),
        ("chips.tensors", "chips.tensors must be a known key of sweep; did you mean"),
        ("name", "name must be a known key of sweep"),
        ("array", "array must be a known key of sweep"),
        ("base", "base must be a known key of sweep"),
    ],
)
def test_what_there_is_not(sweep, field, message):
    with pytest.raises(ConfigError, match=rf":3: sweep\.{re.escape(message)}"):
        sweep(f"sweep: {{{field}: [1, 2]}}")
