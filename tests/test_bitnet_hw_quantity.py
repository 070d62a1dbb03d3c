"""How numbers and fields are shown."""

import math

import pytest

from bitnet_hw.quantity import Quantity, format_number, quantity, with_unit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (9999, "9999"),
        (10000, "10\u202f000"),
        (-1234567, "-1\u202f234\u202f567"),
        (0.0, "0"),
        (1.0, "1"),
        (0.00012345, "0.0001234"),
        (0.000012345, "1.234e-05"),
        (123.456, "123.5"),
        (9999.4, "9999"),
        (123456.7, "123\u202f500"),
        (1e15, "1.000e+15"),
        (math.inf, "inf"),
        (math.nan, "nan"),
        ("text", "text"),
    ],
)
def test_format_number(value, text):
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("field", "values", "title"),
    [
        ("tokens_per_second", [3.0], "throughput (tokens/s)"),
        ("energy_per_token_j", [0.012, 0.5], "energy per token (mJ)"),
        ("energy_per_token_j", [1.0], "energy per token (J)"),
        ("energy_breakdown_j.dram_norms", [2e-6], "dram norms (µJ)"),
        ("memory_bytes.total", [1.2e9], "memory (GB)"),
        ("memory_bytes", [999.0], "memory (B)"),
        ("clock_mhz", [1000], "clock (MHz)"),
        ("array.weight_bus_bits", [512], "weight bus (bit)"),
        ("array.rows", [16], "rows"),
        ("area_mm2.total", [0.25], "area (mm\u00b2)"),
        ("area_mm2.adder_tree", [0.25], "adder tree (mm\u00b2)"),
        ("bits_per_weight", [1.6], "bits per weight (bit)"),
        ("energy_j", [], "energy (J)"),
        ("energy_j", [0.0, math.nan, math.inf, None, "x", True], "energy (J)"),
        ("energy_j", [1e-30], "energy (fJ)"),
        ("energy_j", [1e30], "energy (TJ)"),
    ],
)
def test_title(field, values, title):
    assert quantity(field, values).title == title


def test_text_is_scaled():
    energy = quantity("energy_j", [0.0123])
    assert energy == Quantity("energy", "mJ", 1000.0)
    assert energy.text(0.0123) == "12.3"
    assert energy.text(None) == ""
    assert energy.text("none") == "none"
    assert energy.scaled(True) is True
    assert quantity("rows").scaled(3) == 3


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (58.0244e9, "B/s", "58.02 GB/s"),
        (0.00123, "J", "1.23 mJ"),
        (0.0, "W", "0 W"),
        (999.96, "s", "1000 s"),
    ],
)
def test_with_unit(value, unit, text):
    assert with_unit(value, unit) == text
