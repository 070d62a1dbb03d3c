"""Energies of operations, by width and by size."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.errors import ConfigError
from bitnet_hw.presets import load_block
from bitnet_hw.technology import Technology


def load(value):
    return load_block(
        Technology, "technologies", value, where=lambda keys: "f", keys=("technology",)
    )


JOUPPI = load("jouppi7")
HOROWITZ = load("horowitz45")


def test_published_points():
    assert JOUPPI.int_add_pj(8) == 0.007
    assert JOUPPI.int_add_pj(32) == pytest.approx(0.03)
    assert HOROWITZ.int_add_pj(8) == 0.03
    assert HOROWITZ.int_add_pj(32) == pytest.approx(0.1)
    assert JOUPPI.sram_pj_per_bit(8 * 1024) == 7.5 / 64
    assert HOROWITZ.sram_pj_per_bit(32 * 1024) == pytest.approx(20 / 64)
    assert HOROWITZ.sram_pj_per_bit(1024 * 1024) == pytest.approx(100 / 64)


def test_between_published_points():
    # Half way between 8 and 32 bits; 0.05 pJ at 16 bits was published too.
    assert JOUPPI.int_add_pj(20) == pytest.approx(0.0185)
    assert HOROWITZ.int_add_pj(16) == pytest.approx(0.05333, abs=1e-5)
    # 16 KB is half way between 8 and 32 KB on the logarithm: the geometric mean of 10 and 20 pJ.
    assert HOROWITZ.sram_pj_per_bit(16 * 1024) * 64 == pytest.approx(14.142, abs=1e-3)


def test_beyond_published_points():
    assert HOROWITZ.sram_pj_per_bit(100) == 10 / 64
    # 20 pJ to 100 pJ from 32 KB to 1 MB, a factor of 5 for 2**5: from 1 MB to 32 MB again.
    assert HOROWITZ.sram_pj_per_bit(32 * 1024 * 1024) * 64 == pytest.approx(500)


def test_range():
    assert HOROWITZ.int_add_pj(8, "high") == 0.0604
    assert HOROWITZ.sram_pj_per_bit(1, "low") == 6.14 / 64


@given(st.integers(1, 1 << 28), st.integers(1, 1 << 28))
def test_larger_memories_never_cost_less(one, other):
    small, large = sorted((one, other))
    assert JOUPPI.sram_pj_per_bit(small) <= JOUPPI.sram_pj_per_bit(large) * (1 + 1e-12)


def test_one_size_only():
    sram = [{"kilobytes": 8, "nominal": 6.4}]
    single = load({"base": "jouppi7", "sram_pj_per_64_bits": sram})
    assert single.sram_pj_per_bit(1 << 30) == pytest.approx(0.1)


def test_unordered_sizes():
    sram = [{"kilobytes": 8, "nominal": 1}, {"kilobytes": 8, "nominal": 2}]
    with pytest.raises(
        ConfigError,
        match=r"^f: technology must be a technology whose sram_pj_per_64_bits are in increasing "
        r"kilobytes$",
    ):
        load({"base": "jouppi7", "sram_pj_per_64_bits": sram})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((1, 0, 2), "sram_pj_per_64_bits[1] must be above 0"),
        ((0, 1, 2), "sram_pj_per_64_bits[0] must be above 0"),
        (
            (1, 2, 300),
            (
                " must be a technology whose sram_pj_per_64_bits grow at most as the square of "
                "their kilobytes"
            ),
        ),
    ],
)
def test_no_law_between_two_energies(values, message):
    sram = [{"kilobytes": 8 << index, "nominal": value} for index, value in enumerate(values)]
    with pytest.raises(ConfigError, match=f"^f: technology.?{re.escape(message)}$"):
        load({"base": "jouppi7", "sram_pj_per_64_bits": sram})


def test_unknown_key_of_a_list_item():
    sram = [{"kilobytes": 8, "nominal": 1, "kilobyte": 2}]
    with pytest.raises(
        ConfigError,
        match=r"^f: technology\.sram_pj_per_64_bits\[0\]\.kilobyte must be a known key of "
        r"technology\.sram_pj_per_64_bits\[0\]; did you mean 'kilobytes'\?$",
    ):
        load({"base": "jouppi7", "sram_pj_per_64_bits": sram})
