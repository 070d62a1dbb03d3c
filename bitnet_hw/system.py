"""A machine that runs a whole model, as its makers publish it: board, chip, FPGA or GPU."""

from typing import Self

from pydantic import Field, field_validator, model_validator

from bitnet_hw.key_path import key_text, listing, show
from bitnet_hw.presets import load_block
from bitnet_hw.schema import Block, Count
from bitnet_hw.system_parts import ComputeUnit, PowerScopes, SystemMemory
from bitnet_hw.system_routes import Overhead, Routes

__all__ = ["System", "load_system"]


class System(Block):
    """A machine with everything that the time and the energy of a model depend on.

    Parameters
    ----------
    name, title, source : str
        Name of the preset, what it is, and where it was published.
    status : str
        What of it was not published.
    units : mapping of str to ComputeUnit
        Compute units by name; of each device.
    memory : SystemMemory
        Memory of each device.
    operators : Routes
        Which unit runs which operator.
    overheads : mapping of str to Overhead
        Fixed times by name.
    power : PowerScopes
        Of each device.
    devices : int
        Devices among which the layers are divided evenly. They work as a pipeline, each on another
        part of the batch.
    """

    name: str = "inline"
    title: str = ""
    source: str = "not stated"
    status: str = "not stated"
    units: dict[str, ComputeUnit]
    memory: SystemMemory
    operators: Routes
    overheads: dict[str, Overhead] = Field(default_factory=dict)
    power: PowerScopes = PowerScopes()
    devices: Count = 1

    @field_validator("units")
    @classmethod
    def _some_units(cls, units: dict[str, ComputeUnit]) -> dict[str, ComputeUnit]:
        if not units:
            raise ValueError("a block of at least one unit")
        return units

    @model_validator(mode="after")
    def _routes_lead_to_units(self) -> Self:
        for name, route in self.operators.named():
            if route.unit not in self.units:
                raise ValueError(
                    f"a system whose operators.{name}.unit ({show(route.unit)}) is one of its "
                    f"units ({listing(self.units)})"
                )
            if route.cycles_per_element and not self.units[route.unit].clock_hz:
                raise ValueError(
                    f"a system whose {key_text(('units', route.unit))} states clock_mhz, "
                    f"as operators.{name} counts cycles_per_element"
                )
        return self


def load_system(reference: object) -> System:
    """Return the system of a preset's name, of a file, or of a mapping that may have a ``base``.

    Raises
    ------
    ConfigError
        If there is no such preset, or something in it is wrong.
    """
    # The name of a preset or a file speaks for itself.
    place = "" if isinstance(reference, str) else "system"
    return load_block(System, "systems", reference, where=lambda _: place, keys=("system",))
