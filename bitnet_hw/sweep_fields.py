"""The fields that a sweep gives values to, as its file writes them."""

from collections.abc import Iterator
from dataclasses import fields
from types import UnionType
from typing import Any, get_args

from bitnet_hw.config import Config
from bitnet_hw.errors import ConfigError
from bitnet_hw.key_path import KeyPath, key_text, show
from bitnet_hw.presets import find_file, is_path, read_cached
from bitnet_hw.schema import Block, unknown_key
from bitnet_hw.sweep_point import WORKLOAD
from bitnet_hw.sweep_range import is_range, range_values
from bitnet_hw.yaml_file import YamlFile
from rtl.geometry import Geometry

__all__ = ["field_values", "located"]

# Fields whose value may be the name of a preset, from this folder, or the path of a file.
_REFERENCES = {"memory": "memories", "technology": "technologies", "model": "models"}


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
    known = [*WORKLOAD, *(f"array.{field.name}" for field in fields(Geometry))]
    known += [key for key in _keys(Config) if key.partition(".")[0] not in ("name", "array")]
    if name not in known:
        # No deeper than the name itself: a list of all would fill a page.
        depth = name.count(".")
        near = [key for key in known if key.count(".") <= max(depth, 1)]
        raise unknown_key(("sweep", name), near, file.where)


def _keys(block: type[Block], prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of a block, and of the blocks in it."""
    for name, field in block.model_fields.items():
        yield prefix + name
        for kind in _alternatives(field.annotation):
            if isinstance(kind, type) and issubclass(kind, Block):
                yield from _keys(kind, f"{prefix}{name}.")


def _alternatives(annotation: object) -> tuple[object, ...]:
    return get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)


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
