"""From the text of a Liberty file to cells, in one set of units."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bitnet_hw.errors import ConfigError
from bitnet_hw.gates.cells import Cell, ClockGate, Corner, InternalEnergy, Pin
from bitnet_hw.gates.liberty import Group, LibertyText
from bitnet_hw.gates.table import Table, read_table, table_templates
from bitnet_hw.key_path import printable, show

__all__ = ["read_cells", "read_corner", "time_unit_s"]

_LONGEST_REASON = 200
_PREFIXES = {"": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}


@dataclass(frozen=True)
class _Units:
    time_ps: float
    capacitance_ff: float
    leakage_nw: float
    energy_fj: float


def read_corner(text: LibertyText) -> Corner:
    """Return the corner of a file.

    Raises
    ------
    ConfigError
        If the file is broken or does not state its voltage.
    """
    library = text.header()
    try:
        return Corner(
            library=library.arguments[0],
            voltage_v=float(library.attributes["nom_voltage"]),
            temperature_c=float(library.attributes.get("nom_temperature", "nan")),
        )
    except (KeyError, ValueError, IndexError) as error:
        reason = printable(str(error), _LONGEST_REASON)
        raise ConfigError(f"A Liberty file must state nom_voltage: {reason}") from error


def time_unit_s(text: LibertyText) -> float:
    """Return a file's unit of time in s."""
    return _units(text.header()).time_ps * 1e-12


def read_cells(text: LibertyText, names: set[str]) -> dict[str, Cell]:
    """Return those of the named cells that a file has.

    Raises
    ------
    ConfigError
        If the file is broken; the message names the cell.
    """
    library = text.header()
    templates, units = table_templates(library), _units(library)
    cells = {}
    for name in sorted(names.intersection(text.cell_names)):
        try:
            cells[name] = _cell(text.cell(name), templates, units, library)
        except (ValueError, KeyError, IndexError) as error:
            raise ConfigError(
                f"Cell {printable(name)} of a Liberty file must be complete: "
                f"{printable(str(error), _LONGEST_REASON)}"
            ) from error
    return cells


def _units(library: Group) -> _Units:
    """Return what one unit of the library is in ours; energy is capacitance x voltage squared.

    That is how the Liberty Reference Manual (2017.06, "internal_power") defines it.
    """
    load = library.lists.get("capacitive_load_unit", ["1", "pf"])
    try:
        number, unit = load
        capacitance_f = float(number) * _PREFIXES[unit.strip().lower()[:-1]]
    except (ValueError, KeyError):
        raise ConfigError(
            f"capacitive_load_unit of a Liberty file must be like (1, pf), not {show(load)}"
        ) from None
    voltage_v = _quantity(library.attributes.get("voltage_unit", "1V"), "v")
    return _Units(
        time_ps=_quantity(library.attributes.get("time_unit", "1ns"), "s") * 1e12,
        capacitance_ff=capacitance_f * 1e15,
        leakage_nw=_quantity(library.attributes.get("leakage_power_unit", "1nW"), "w") * 1e9,
        energy_fj=capacitance_f * voltage_v**2 * 1e15,
    )


def _quantity(text: str, unit: str) -> float:
    match = re.fullmatch(rf"(\d+\.?\d*|\.\d+)\s*([munpf]?){unit}", text.strip().lower())
    if match is None:
        raise ConfigError(f"A unit of a Liberty file must be like 1n{unit}, not {show(text)}")
    return float(match[1]) * _PREFIXES[match[2]]


def _cell(group: Group, templates: dict[str, Group], units: _Units, library: Group) -> Cell:
    rails = {
        rail.arguments[0]: rail.attributes.get("pg_type", "").endswith("ground")
        for rail in group.named("pg_pin")
    }
    storage = [*group.named("ff"), *group.named("latch")]
    clock = (
        storage[0].attributes.get("clocked_on", storage[0].attributes.get("enable", ""))
        if (storage)
        else ""
    )
    gate = _clock_gate(group)
    return Cell(
        name=group.arguments[0],
        area_um2=float(group.attributes["area"]),
        leakage_nw=units.leakage_nw * _leakage(group, rails, library),
        clock_pin=clock.strip("!()' ") if gate is None else gate.clock,
        gate=gate,
        pins={pin.arguments[0]: _pin(pin, templates, units) for pin in group.named("pin")},
    )


def _clock_gate(group: Group) -> ClockGate | None:
    if "clock_gating_integrated_cell" not in group.attributes:
        return None

    def pins(role: str) -> list[str]:
        wanted = f"clock_gate_{role}_pin"
        return [pin.arguments[0] for pin in group.named("pin") if wanted in pin.attributes]

    [clock], [enable], [output] = pins("clock"), pins("enable"), pins("out")
    return ClockGate(clock, enable, output, tuple(pins("test")))


def _leakage(group: Group, rails: dict[str, bool], library: Group) -> float:
    """Return the value without a condition, or else the cell's own, or else the mean of all."""
    values = [
        (power.attributes.get("when"), float(power.attributes["value"]))
        for power in group.named("leakage_power")
        if not rails.get(power.attributes.get("related_pg_pin", ""), False)
    ]
    unconditional = [value for when, value in values if not when]
    if unconditional:
        return sum(unconditional)
    if "cell_leakage_power" in group.attributes:
        return float(group.attributes["cell_leakage_power"])
    if values:
        return sum(value for _, value in values) / len(values)
    return float(library.attributes.get("default_cell_leakage_power", 0))


def _pin(group: Group, templates: dict[str, Group], units: _Units) -> Pin:
    output = group.attributes.get("direction") == "output"
    return Pin(
        output=output,
        capacitance_ff=units.capacitance_ff * float(group.attributes.get("capacitance", 0)),
        function=group.attributes.get("function", "") if output else "",
        energies=tuple(_energies(group, templates, units)),
        transitions=tuple(
            _table(table, templates, units, units.time_ps)
            for timing in group.named("timing")
            for name in ("rise_transition", "fall_transition")
            for table in timing.named(name)
        ),
    )


def _table(group: Group, templates: dict[str, Group], units: _Units, value: float) -> Table:
    return read_table(group, templates, value=value, slew=units.time_ps, load=units.capacitance_ff)


def _energies(group: Group, templates: dict[str, Group], units: _Units) -> Iterator[InternalEnergy]:
    for power in group.named("internal_power"):
        tables = tuple(
            _table(table, templates, units, units.energy_fj)
            for name in ("rise_power", "fall_power", "power")
            for table in power.named(name)
        )
        if tables:
            yield InternalEnergy(
                when=power.attributes.get("when", ""),
                rail=power.attributes.get("related_pg_pin", ""),
                related=power.attributes.get("related_pin", ""),
                tables=tables,
            )
