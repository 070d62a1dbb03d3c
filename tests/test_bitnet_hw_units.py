"""Units beside the array: which runs what, and what a host must state."""

import re

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.errors import ConfigError
from bitnet_hw.units import Host, Units

HOST = {"gmacs_per_second": 2, "energy_pj_per_mac": 100}


def test_everything_runs_on_the_vector_unit():
    units = Units()
    assert units.needs_host == ()
    assert {units.of(name) for name in Units.model_fields} == {"vector"}


def test_some_run_on_the_host():
    units = Units(attention="host", lm_head="host")
    assert units.needs_host == ("attention", "lm_head")
    assert (units.of("attention"), units.of("norms")) == ("host", "vector")
    # What a ternary head leaves to do runs where another head would.
    assert units.of("lm_head_scales") == "host"


def test_host():
    host = load_config("edge", {"host": HOST, "units.norms": "host"}).host
    assert {key: (figure.nominal, unit) for key, (figure, unit) in host.figures.items()} == {
        "gmacs_per_second": (2, "10^9 MAC/s"),
        "energy_pj_per_mac": (100, "pJ"),
        "call_us": (0, "us"),
    }
    assert host == Host.model_validate(HOST)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"units.norms": "array"}, "units.norms must be one of vector or host, not 'array'"),
        ({"units.softmax": "host"}, "units.softmax must be a known key of units"),
        ({"host": {"gmacs_per_second": 1}}, "host.energy_pj_per_mac must be given"),
        (
            {"host": {**HOST, "gmacs_per_second": 0}},
            "host must be a host whose gmacs_per_second is above 0",
        ),
        (
            {"units.norms": "host"},
            "The file must be a file with a host, which units.norms needs",
        ),
    ],
)
def test_wrong_units(changes, message):
    with pytest.raises(ConfigError, match=f": {re.escape(message)}"):
        load_config("edge", changes)
