"""The designs that a plan searches: the fields of its file, changed by the command line."""

import math
from collections.abc import Mapping
from typing import Any, TypeGuard

from bitnet_hw.chips import Chips, shard
from bitnet_hw.config import config_of
from bitnet_hw.document import Document
from bitnet_hw.errors import ConfigError
from bitnet_hw.expression import Expression, ExpressionError, parse_expression
from bitnet_hw.key_path import show
from bitnet_hw.model import Model
from bitnet_hw.sweep import MAX_POINTS, Sweep
from bitnet_hw.sweep_fields import field_values
from bitnet_hw.sweep_point import WORKLOAD
from bitnet_hw.yaml_file import YamlFile

__all__ = ["SETTINGS_ORIGIN", "check_settings", "field_choices", "widest_layers", "with_settings"]

SETTINGS_ORIGIN = "command line"

_MAX_K, _TENSOR = "array.max_k", "chips.tensor"
_AUTO = "auto"
_MOST_VALUES = 20_000

Values = dict[str, tuple[Any, ...]]


def field_choices(block: Mapping[str, Any], file: YamlFile) -> Values:
    """Return the values that a search file gives to each field.

    Raises
    ------
    ConfigError
        If a field is unknown, one of the workload, or its values are wrong or too many.
    """
    for name in block:
        if name in WORKLOAD:
            raise ConfigError(
                f"{file.where(('sweep', name))}: sweep must be of fields of a configuration, "
                f"not {name}: the command line gives it"
            )
    values: Values = {}
    for name, value in block.items():
        values[name] = field_values(name, value, file)
        # Settings may still leave one value of a field, so the number of designs is not known yet.
        if sum(map(len, values.values())) > _MOST_VALUES:
            raise ConfigError(
                f"{file.where(('sweep',))}: sweep must have at most {_MOST_VALUES} values, not more"
            )
    return values


def with_settings(
    base: Document, values: Values, settings: Mapping[str, object]
) -> tuple[Document, Values]:
    """Return base and values with settings in the place of what they set.

    A key that the file varies gets the one value. One inside a block that it varies, such as
    ``memory.energy_pj_per_bit``, changes each block. One of a block replaces what varies inside it.
    """
    changed = dict(values)
    for key, value in settings.items():
        for name in [name for name in changed if name.startswith(f"{key}.")]:
            del changed[name]
        if any(key == name or key.startswith(f"{name}.") for name in changed):
            changed[key] = (value,)
        else:
            base = base.with_changes({key: value}, source=SETTINGS_ORIGIN)
    return base, changed


def widest_layers(
    values: Values, base: Document, model: Model, file: YamlFile
) -> tuple[Values, tuple[Expression, ...]]:
    """Return the values with numbers for ``array.max_k: auto``, and which combinations are meant.

    ``auto`` is the widest layer of what one chip holds, which depends on ``chips.tensor``.

    Raises
    ------
    ConfigError
        If there are other values beside ``auto``, or too many designs.
    """
    choices = values.get(_MAX_K, ())
    meant: tuple[Expression, ...] = ()
    if _AUTO in choices:
        if len(choices) > 1:
            raise ConfigError(
                f"{file.where(('sweep', _MAX_K))}: sweep.{_MAX_K} must be auto or numbers, not both"
            )
        tensors: dict[int, list[object]] = {}
        for tensor in values.get(_TENSOR, (_given_tensor(base),)):
            if not _is_count(tensor) and _TENSOR in values:
                raise ConfigError(
                    f"{file.where(('sweep', _TENSOR))}: sweep.{_TENSOR} must be integers from 1, "
                    f"not {show(tensor)}"
                )
            tensors.setdefault(_widest(model, tensor), []).append(tensor)
        values = {**values, _MAX_K: tuple(tensors)}
        if len(tensors) > 1:
            pairs = (f"{_MAX_K} == {k} and {_TENSOR} in {chips}" for k, chips in tensors.items())
            try:
                meant = (parse_expression(" or ".join(pairs)),)
            except ExpressionError:
                raise ConfigError(
                    f"{file.where(('sweep', _TENSOR))}: sweep.{_TENSOR} must have fewer values "
                    f"for {_MAX_K} to be auto, not {len(values[_TENSOR])}"
                ) from None
    designs = math.prod(len(choices) for choices in values.values())
    if designs > MAX_POINTS:
        raise ConfigError(
            f"{file.where(('sweep',))}: sweep must have at most {MAX_POINTS} designs, not {designs}"
        )
    return values, meant


def check_settings(sweep: Sweep, settings: Mapping[str, object]) -> None:
    """Make sure that the settings of the command line are right in the first design.

    Without this a wrong one would be reported as wrong in the file, whose fields it changes.

    Raises
    ------
    ConfigError
        If one is not; the message begins with `SETTINGS_ORIGIN`.
    """
    point = sweep.point(0)
    try:
        document = point.base.with_changes(
            {name: value for name, value in point.values.items() if name not in settings},
            source=str(sweep.file.path),
        )
        config_of(document.with_changes(settings, source=SETTINGS_ORIGIN))
    except ConfigError as error:
        if str(error).startswith(SETTINGS_ORIGIN):
            raise


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _given_tensor(base: Document) -> object:
    block = base.data.get("chips", {})
    return block.get("tensor", 1) if isinstance(block, Mapping) else 1


def _widest(model: Model, tensor: object) -> int:
    """Return the most inputs of a layer on one chip; those of the whole model if it is wrong."""
    part = model
    if _is_count(tensor) and tensor <= model.heads:
        part = shard(model, Chips(tensor=tensor))
    return max(projection.k for projection in part.projections)
