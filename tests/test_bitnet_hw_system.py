"""Descriptions of machines, and the errors of wrong ones."""

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.presets import preset_names
from bitnet_hw.system import load_system

SMALL = {
    "units": {"array": {"macs_per_cycle": 100, "clock_mhz": 10}},
    "memory": {"peak_gb_per_s": 2},
    "operators": {"linear": {"ternary": {"unit": "array", "bits": 2}}},
}


def changed(**blocks):
    return {**SMALL, **blocks}


def test_all_presets_load_with_sources():
    for name in preset_names("systems"):
        system = load_system(name)
        assert system.name == name
        assert system.title
        assert system.source != "not stated"
        for unit in system.units.values():
            for figure in (unit.macs_per_cycle, unit.clock_mhz, unit.gmacs_per_second):
                assert figure is None or figure.source != "not stated"
        assert system.memory.peak_gb_per_s.source != "not stated"


def test_rates():
    system = load_system("bitnet-kv260")
    # Two vectors of 320 weights at 250 MHz.
    assert system.units["engines"].macs_per_second == 160e9
    assert system.units["cpu"].macs_per_second == 1.92e9
    assert system.units["cpu"].clock_hz == 0


def test_power_of_a_phase():
    power = load_system("bitnet-kv260").power.known["board"]
    assert power.watts("decode") == 6.206
    assert power.watts("prefill") == 5.148
    assert load_system("ternfpga").power.known["chip"].watts("prefill") == 0.489


def test_base():
    system = load_system({"base": "a100-80gb", "devices": 2})
    assert (system.name, system.devices) == ("a100-80gb (changed)", 2)
    assert system.memory.capacity_gb.nominal == 80


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            changed(memroy=1),
            "system.memroy must be a known key of system; did you mean 'memory'?",
        ),
        (
            changed(units={"array": {"macs_per_cycel": 1}}),
            (
                "system.units.array.macs_per_cycel must be a known key of system.units.array; "
                "did you mean 'macs_per_cycle'?"
            ),
        ),
        (
            {key: block for key, block in SMALL.items() if key != "memory"},
            "system.memory must be given",
        ),
        (
            changed(memory={"peak_gb_per_s": -1}),
            "system.memory.peak_gb_per_s must be at least 0.0, not -1",
        ),
        (
            changed(memory={"peak_gb_per_s": 0}),
            "system.memory.peak_gb_per_s must be above 0, not 0",
        ),
        (
            changed(memory={"peak_gb_per_s": 1, "efficiency": 1.5}),
            "system.memory.efficiency must be above 0 and at most 1, not 1.5",
        ),
        (
            changed(units={"array": {"macs_per_cycle": -8, "clock_mhz": 100}}),
            "system.units.array.macs_per_cycle must be at least 0.0, not -8",
        ),
        (
            changed(units={"array": {"macs_per_cycle": 8}}),
            (
                "system.units.array must be a unit with either macs_per_cycle and clock_mhz, "
                "or gmacs_per_second"
            ),
        ),
        (
            changed(operators={"linear": {"ternary": {"unit": "arry"}}}),
            (
                "system must be a system whose operators.linear.ternary.unit ('arry') is one "
                "of its units (array)"
            ),
        ),
        (
            changed(
                units={f"u{number}": {"gmacs_per_second": 1} for number in range(40)},
                operators={"linear": {"ternary": {"unit": "x" * 1000}}},
            ),
            (
                f"system must be a system whose operators.linear.ternary.unit ('{'x' * 59}...) is "
                f"one of its units ({', '.join(f'u{number}' for number in range(30))} and 10 more)"
            ),
        ),
        (
            changed(operators={"linear": {}}),
            "system.operators.linear must be a block with ternary, fp16 or both",
        ),
        (
            changed(
                units={"array": {"gmacs_per_second": 1}},
                operators={
                    "linear": {"ternary": {"unit": "array"}},
                    "norms": {"unit": "array", "cycles_per_element": 3},
                },
            ),
            (
                "system must be a system whose units.array states clock_mhz, as operators.norms "
                "counts cycles_per_element"
            ),
        ),
        (
            changed(overheads={"host": {"operator": "norm", "us": 1, "per": "token"}}),
            (
                "system.overheads.host.operator must be one of embedding, norms, quantize, "
                "linear, rotary, attention, sub_norms, activation, residual or lm_head, "
                "not 'norm'"
            ),
        ),
        (
            changed(power={"rack": {"decode_w": 1}}),
            "system.power.rack must be a known key of system.power; known are board, chip",
        ),
        (changed(units={}), "system.units must be a block of at least one unit"),
        (changed(units=5), "system.units must be a block of keys, not 5"),
    ],
)
def test_wrong_systems(value, message):
    with pytest.raises(ConfigError) as caught:
        load_system(value)
    assert str(caught.value) == f"system: {message}"


def test_unknown_preset():
    with pytest.raises(
        ConfigError,
        match=r"^system must be the name of a preset or the path of a \.yaml file, "
        r"not 'a100'; did you mean 'a100-40gb'\?$",
    ):
        load_system("a100")


def test_error_in_a_file_names_the_line(tmp_path):
    path = tmp_path / "board.yaml"
    path.write_text(
        "units: {array: {macs_per_cycle: 8, clock_mhz: 100}}\n"
        "memory:\n"
        "  peak_gb_per_s: fast\n"
        "operators: {linear: {ternary: {unit: array}}}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_system(str(path))
    assert str(caught.value) == f"{path}:3: memory.peak_gb_per_s must be a number, not 'fast'"
