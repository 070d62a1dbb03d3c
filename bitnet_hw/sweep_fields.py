"""The fields that a sweep gives values to, as its file writes them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from bitnet_hw.config import VectorUnit
from bitnet_hw.errors import ConfigError
from bitnet_hw.key_path import KeyPath, key_text, show
from bitnet_hw.memory import Memory
from bitnet_hw.presets import find_file, is_path, read_cached
from bitnet_hw.schema import Block, unknown_key
from bitnet_hw.sweep_point import WORKLOAD
from bitnet_hw.sweep_range import is_range, range_values
from bitnet_hw.technology import Technology
from bitnet_hw.yaml_file import YamlFile
from rtl.geometry import Geometry

__all__ = ["field_values", "located"]

# Fields whose value may be the name of a preset, from this folder, or the path of a file.
_REFERENCES = {"memory": "memories", "technology": "technologies", "model": "models"}
_BLOCKS: Mapping[str, type[Block]] = {"memory": Memory, "technology": Technology}


def field_values(name: str, value: object, file: YamlFile) -> tuple[Any, ...]:
    """Return the values that a sweep file gives to a field: a list, a range, or a single one.

    Raises
    ------
    ConfigError
        If there is no such field, its values are empty, repeated or a wrong range, or one of them
        names a file or preset that does not exist.
    """
    keys = ("sweep", name)
    _check_field(name, file)
    values: list[Any]
    if is_range(value):
        values = list(range_values(value, where=file.where, keys=keys))
    elif isinstance(value, list):
        values = value
    else:
        values = [value]
    if not values:
        raise ConfigError(
            f"{file.where(keys)}: {key_text(keys)} must have at least one value, not none"
        )
    seen = set()
    for index, item in enumerate(values):
        if repr(item) in seen:
            inner = (*keys, index)
            raise ConfigError(
                f"{file.where(inner)}: {key_text(inner)} must differ from the values before it, "
                f"not be {show(item)} again"
            )
        seen.add(repr(item))
    if not isinstance(value, list):
        return tuple(located(name, item, file, keys) for item in values)
    return tuple(located(name, item, file, (*keys, index)) for index, item in enumerate(values))


def _check_field(name: str, file: YamlFile) -> None:
    """Raise ConfigError if nothing can be swept under a name."""
    known = [
        *WORKLOAD,
        *(f"array.{field.name}" for field in fields(Geometry)),
        "clock_mhz",
        *(f"vector_unit.{key}" for key in VectorUnit.model_fields),
    ]
    for block_name, block in _BLOCKS.items():
        known += [block_name, *(f"{block_name}.{key}" for key in block.model_fields)]
    first, *rest = name.split(".")
    # Deeper keys of a memory or technology are checked when its block is read.
    shown = ".".join([first, *rest[:1]]) if first in _BLOCKS else name
    if shown not in known:
        raise unknown_key(("sweep", name), known, file.where)


def located(name: str, value: Any, file: YamlFile, keys: KeyPath) -> Any:
    """Return the value of a field, the path of a file made independent of the file that holds it.

    Raises
    ------
    ConfigError
        If there is no such file or preset: it would fail every point in turn.
    """
    if name not in _REFERENCES:
        return value
    if isinstance(value, str):
        place = str(file.path.parent / value) if is_path(value) else value
        read_cached(find_file(_REFERENCES[name], place, where=file.where(keys)))
        return place
    if isinstance(value, dict) and isinstance(base := value.get("base"), str):
        return {**value, "base": located(name, base, file, (*keys, "base"))}
    return value
