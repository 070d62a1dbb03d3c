"""Standard cells as power and area need them: pins, energies and leakage, in one set of units."""

from dataclasses import dataclass, field

from bitnet_hw.gates.table import Table

__all__ = ["Cell", "ClockGate", "Corner", "InternalEnergy", "Pin"]


@dataclass(frozen=True, eq=False)
class InternalEnergy:
    """What a cell dissipates inside when a pin toggles, beside charging its load.

    Attributes
    ----------
    when : str
        State of the other pins in which it applies; empty: in all that no other one names.
    rail : str
        The supply or ground at which it was measured; empty where the library does not say.
    related : str
        The input that makes an output toggle.
    tables : tuple of Table
        In fJ, over input slew in ps and load in fF: for a rising and for a falling pin.
    """

    when: str
    rail: str
    related: str
    tables: tuple[Table, ...]


@dataclass(frozen=True, eq=False)
class Pin:
    """A pin: ``capacitance_ff`` is what it adds to its net, `transitions` are in ps, of outputs."""

    output: bool
    capacitance_ff: float
    function: str
    energies: tuple[InternalEnergy, ...]
    transitions: tuple[Table, ...]


@dataclass(frozen=True)
class ClockGate:
    """Pins of a cell that lets a clock through while enabled; `tests` enable it, too."""

    clock: str
    enable: str
    output: str
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Cell:
    """A cell: its area, what it leaks on average over its states, and its pins.

    `clock_pin` is that of a register or of a clock gate, and `gate` makes it the latter.
    """

    name: str
    area_um2: float
    leakage_nw: float
    clock_pin: str
    pins: dict[str, Pin] = field(default_factory=dict)
    gate: ClockGate | None = None

    @property
    def sequential(self) -> bool:
        """Whether it is a register."""
        return bool(self.clock_pin) and self.gate is None

    @property
    def functions(self) -> dict[str, str]:
        """Function of each output in terms of inputs, where it has one."""
        if self.clock_pin:
            return {}
        return {name: pin.function for name, pin in self.pins.items() if pin.function}


@dataclass(frozen=True)
class Corner:
    """Supply in V, temperature in degrees Celsius, and the library's own name."""

    library: str
    voltage_v: float
    temperature_c: float
