"""The whole description of an accelerator, checked."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, InstanceOf, model_validator

from bitnet_hw.activity import Activity
from bitnet_hw.chips import Chips
from bitnet_hw.document import (
    DEFAULTS,
    REFERENCES,
    Document,
    document_of_mapping,
    read_document,
)
from bitnet_hw.errors import ConfigError
from bitnet_hw.formats import Formats
from bitnet_hw.key_path import show
from bitnet_hw.memory import Memory
from bitnet_hw.presets import load_block
from bitnet_hw.schema import Block, Figure, parse_block, unknown_key
from bitnet_hw.technology import Technology
from bitnet_hw.units import Host, Units, VectorUnit
from rtl.geometry import Geometry

__all__ = [
    "Board",
    "Config",
    "config_from_mapping",
    "config_of",
    "load_config",
]

# Geometry repeats wrong values in its messages.
_LONGEST_VALUE = 60


class Board(Block):
    """What the chips and their memories stand on.

    Parameters
    ----------
    idle_w : Figure
        Power of everything else: regulators, fans, a host that waits.
    """

    idle_w: Figure

    @property
    def figures(self) -> dict[str, tuple[Figure, str]]:
        """Every number with its unit, by its key."""
        return {"idle_w": (self.idle_w, "W")}


class Config(Block):
    """An accelerator with its clock, memory and technology.

    Parameters
    ----------
    name : str
        Name of the file, without its ending.
    array : Geometry
        The array.
    clock_mhz : float
        Clock of array and vector unit.
    memory : Memory
        What the weights stream from.
    technology : Technology
        Energy of operations on the chip.
    vector_unit : VectorUnit
        Everything but the BitLinear layers.
    units : Units
        Which operators run elsewhere than on the vector unit.
    host : Host, optional
        The processor that some of them run on.
    formats : Formats
        Widths of KV cache and lm_head.
    activity : Activity
        Zero weights and toggling operands.
    chips : Chips
        How many chips hold the model together.
    board : Board, optional
        Power beside chips and memories; only with it there is a scope ``board``.
    """

    name: str
    array: InstanceOf[Geometry]
    clock_mhz: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] = 1000.0
    memory: Memory
    technology: Technology
    vector_unit: VectorUnit = VectorUnit()
    units: Units = Units()
    host: Host | None = None
    formats: Formats = Formats()
    activity: Activity = Activity()
    chips: Chips = Chips()
    board: Board | None = None

    @model_validator(mode="after")
    def _host_is_there(self) -> Self:
        if self.units.needs_host and self.host is None:
            raise ValueError(f"a file with a host, which units.{self.units.needs_host[0]} needs")
        return self

    @model_validator(mode="after")
    def _gates_are_of_this_array(self) -> Self:
        gates = self.technology.gates
        if gates and (group := gates.lacks(self.array)):
            raise ValueError(
                f"a file whose technology has gates for the {group} of "
                f"{self.array.weight_encoding} weights and lane_style {self.array.lane_style}"
            )
        return self

    @property
    def not_counted(self) -> tuple[str, ...]:
        """What of the chip the technology has no figure for."""
        missing = self.technology.not_counted
        if self.array.check_bits and self.technology.energy_pj.weight_check_bit is None:
            missing += ("the check of weight words",)
        return missing

    @property
    def clock_hz(self) -> float:
        """Clock in Hz."""
        return self.clock_mhz * 1e6

    def gate_step_pj(self, kind: str, term: str, edge: str, zeros: str) -> float:
        """Return the energy in pJ of a term of the technology's gates in a step.

        Parameters
        ----------
        kind : str
            ``"new"`` or ``"same"``: other weights than in the step before, or its own.
        term : str
            Name of the term.
        edge : str
            ``"low"`` and ``"high"``: the operands with the least and the most energy; else those of
            `activity`.
        zeros : str
            Which end of the zero fraction.
        """
        gates, activity = self.technology.gates, self.activity
        if gates is None:
            return 0.0
        operands = activity.operands if edge == "nominal" else edge
        toggles = activity.toggle_density.at(edge)
        return gates.step_fj(term, kind, operands, activity.zeros(zeros), toggles) * 1e-3


def config_of(document: Document) -> Config:
    """Return the checked configuration of a document.

    Raises
    ------
    ConfigError
        If anything in the document is wrong.
    """
    data = {**DEFAULTS, **document.data}
    known = [key for key in Config.model_fields if key != "name"]
    for key in data:
        if key not in known:
            raise unknown_key((key,), [*known, "base"], document.where)
    if "array" not in data:
        raise ConfigError(f"{document.where()}: array must be given")
    data["array"] = _geometry(data["array"], document)
    for key, block in (("memory", Memory), ("technology", Technology)):
        data[key] = load_block(block, REFERENCES[key], data[key], where=document.where, keys=(key,))
    return parse_block(Config, {"name": document.name, **data}, where=document.where)


def load_config(path: str | Path, changes: Mapping[str, object] | None = None) -> Config:
    """Return the configuration of a file, or of a preset under ``configs/arrays/``.

    Parameters
    ----------
    path : str or Path
        A path, or the name of a preset.
    changes : mapping, optional
        Values that replace the file's, by dotted key.

    Raises
    ------
    ConfigError
        If the file or a change is wrong; the message names file, line, key, value and requirement.
    """
    document = read_document(path)
    return config_of(document.with_changes(changes or {}, source="command line"))


def config_from_mapping(
    mapping: Mapping[str, Any],
    *,
    source: str | Path,
    overrides: Mapping[str, object] | None = None,
) -> Config:
    """Return the configuration of a mapping with the keys of a configuration file.

    Parameters
    ----------
    mapping : mapping
        Nested keys and values; ``base`` and other paths are relative to the folder of `source`.
    source : str or Path
        Where the mapping comes from: messages start with it.
    overrides : mapping, optional
        Values that replace the mapping's, by dotted key.

    Raises
    ------
    ConfigError
        If a key is unknown or a value wrong.
    """
    document = document_of_mapping(mapping, source)
    return config_of(document.with_changes(overrides or {}, source=str(source)))


def _geometry(block: object, document: Document) -> Geometry:
    """Return the geometry of the ``array`` block; its errors name the key."""
    if not isinstance(block, dict):
        raise ConfigError(
            f"{document.where(('array',))}: array must be a block of keys, not {show(block)}"
        )
    fields = {field.name: field for field in dataclasses.fields(Geometry)}
    for key in block:
        if key not in fields:
            raise unknown_key(("array", key), list(fields), document.where)
        value = block[key]
        if isinstance(value, dict | list) or len(str(value)) > _LONGEST_VALUE:
            where = document.where(("array", key))
            raise ConfigError(f"{where}: array.{key} must be a short value, not {show(value)}")
    for name, field in fields.items():
        if field.default is dataclasses.MISSING and name not in block:
            raise ConfigError(f"{document.where(('array',))}: array.{name} must be given")
    try:
        return Geometry(**block)
    except (TypeError, ValueError) as error:
        # A message of Geometry starts with the name of the parameter.
        name, _, rest = str(error).partition(" ")
        raise ConfigError(f"{document.where(('array', name))}: array.{name} {rest}") from None
