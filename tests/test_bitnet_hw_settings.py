"""Settings of the command line: keys, values, and every way to get them wrong."""

import re

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.errors import ConfigError
from bitnet_hw.settings import parse_settings


def test_values_are_yaml():
    assert parse_settings([
        "array.rows=32",
        "clock_mhz = 500.5",
        "formats.lm_head=int8",
        "host={gmacs_per_second: 2, energy_pj_per_mac: 100}",
        "board=",
    ]) == {
        "array.rows": 32,
        "clock_mhz": 500.5,
        "formats.lm_head": "int8",
        "host": {"gmacs_per_second": 2, "energy_pj_per_mac": 100},
        "board": None,
    }


def test_a_value_may_hold_an_equals_sign():
    assert parse_settings(["memory.title=a=b"]) == {"memory.title": "a=b"}


def test_the_last_one_wins():
    changes = parse_settings(["memory=ddr4-64", "memory.efficiency=0.5", "memory=hbm3-stack"])
    assert list(changes) == ["memory.efficiency", "memory"]
    assert load_config("edge", changes).memory.name == "hbm3-stack"


def test_they_change_a_file():
    config = load_config(
        "edge",
        parse_settings(["chips.tensor=4", "activity.zero_fraction=0.4", "board.idle_w=2"]),
    )
    assert (config.chips.count, config.board.idle_w.nominal) == (4, 2)
    assert config.activity.zero_fraction.at("high") == 0.4


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("array.rows", "--set must be KEY=VALUE, not 'array.rows'"),
        ("=3", "--set must be KEY=VALUE, not '=3'"),
        ("array..rows=3", "--set must be KEY=VALUE, not 'array..rows=3'"),
        (
            "arry.rows=3",
            "--set arry.rows must be a key of a configuration file; did you mean 'array'?",
        ),
        ("array.rows=[1", "--set array.rows must be a value in YAML, not '[1'"),
        ("array.rows=*a", "--set array.rows:1: anchors and aliases are not supported"),
        (
            "clo\x1bck=1",
            r"--set 'clo\x1bck' must be a key of a configuration file; did you mean 'clock_mhz'?",
        ),
    ],
)
def test_wrong_settings(setting, message):
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        parse_settings([setting])


@pytest.mark.parametrize("key", ["base=large", "name=x"])
def test_what_is_not_of_a_configuration(key):
    with pytest.raises(ConfigError, match="must be a key of a configuration file; known are act"):
        parse_settings([key])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        # As in a file, where YAML versions disagree about them.
        ("array.rows=010", "array.rows must be an integer from 1 to 4096, not '010'"),
        ("clock_mhz=1e3", "clock_mhz must be a number, not '1e3' (text; write 1000)"),
        ("array.row=3", "array.row must be a known key of array; did you mean 'rows'?"),
        (
            "array.rows.x=3",
            "array.rows must be a block of keys to change array.rows.x, not 16",
        ),
    ],
)
def test_wrong_where_they_are_applied(setting, message):
    with pytest.raises(ConfigError, match=f"^command line: {re.escape(message)}$"):
        load_config("edge", parse_settings([setting]))


def test_a_long_value_is_shown_in_part():
    with pytest.raises(ConfigError, match=r"not 'xxxx") as caught:
        load_config("edge", parse_settings([f"memory={'x' * 100_000}"]))
    assert len(str(caught.value)) < 500
