"""A sweep file: a configuration, what to vary in it, and what to look for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from bitnet_hw.document import Document, read_document
from bitnet_hw.errors import ConfigError
from bitnet_hw.estimate import DEFAULT_CONTEXT
from bitnet_hw.evaluators import EVALUATORS
from bitnet_hw.expression import Expression, ExpressionError, parse_expression
from bitnet_hw.key_path import key_text, show, suggestion
from bitnet_hw.presets import configs_folder, is_path, preset_names
from bitnet_hw.schema import Count, parse_block
from bitnet_hw.sweep_fields import field_values, located
from bitnet_hw.sweep_point import WORKLOAD, Point
from bitnet_hw.sweep_settings import EvaluatorKeys, evaluator_settings
from bitnet_hw.yaml_file import YamlFile, read_yaml
from rtl.word_check import width_for

__all__ = ["MAX_POINTS", "Sweep", "base_document", "load_sweep"]

MAX_POINTS = 100_000_000
"""Points of the largest sweep of estimates: a typing error must not take hours."""

MAX_EXPENSIVE_POINTS = 1_000_000
"""Points of the largest other sweep, whose rows are all in memory."""

_WEIGHT_BUS = "array.weight_bus_bits"
_AUTO = "auto"


class _SweepFile(EvaluatorKeys):
    """The keys of a sweep file; `Sweep` says what they mean."""

    base: str | dict[str, Any]
    model: str | None = None
    phase: Literal["decode", "prefill"] = "decode"
    batch: Count = 1
    context: Count = DEFAULT_CONTEXT
    sweep: dict[str, Any]
    constraints: list[str] = Field(default_factory=list)
    fields: list[str] | None = Field(default=None, min_length=1)
    objectives: dict[str, Literal["min", "max"]] | None = None


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A grid of points around a configuration.

    Parameters
    ----------
    file : YamlFile
        The sweep file.
    text : str
        Its content.
    base : Document
        The configuration that every point changes.
    workload : mapping of str to object
        ``model``, ``phase``, ``batch`` and ``context`` where they are not swept. The model is None
        if the evaluator does without.
    values : mapping of str to tuple
        The values of each field of the configuration (dotted, ``"array.rows"``) or of the workload;
        a single one for a field that is only set. ``"auto"`` as ``array.weight_bus_bits`` is the
        width that carries one weight tile in one word.
    objectives : mapping of str to str
        ``"min"`` or ``"max"`` for each reported field that decides what is better.
    constraints : tuple of Expression
        What a point must hold to, to be among the best.
    fields : tuple of str, optional
        The reported fields that are written to files; without it all.
    evaluate : str
        What is asked about each point: a name in `bitnet_hw.evaluators.EVALUATORS`.
    settings : mapping of str to object
        What the file says to that evaluator alone.
    """

    file: YamlFile
    text: str
    base: Document
    workload: Mapping[str, Any]
    values: Mapping[str, tuple[Any, ...]]
    objectives: Mapping[str, str]
    constraints: tuple[Expression, ...] = ()
    fields: tuple[str, ...] | None = None
    evaluate: str = "estimate"
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def axes(self) -> tuple[str, ...]:
        """The fields with more than one value, the first varying slowest."""
        return tuple(name for name, values in self.values.items() if len(values) > 1)

    @property
    def points(self) -> int:
        """Number of points."""
        return math.prod(len(values) for values in self.values.values())

    def point(self, index: int) -> Point:
        """Return a point by its number, counted from 0; the last field varies fastest."""
        place, values = index, {}
        for name, choices in reversed(list(self.values.items())):
            place, position = divmod(place, len(choices))
            values[name] = choices[position]
        if values.get(_WEIGHT_BUS) == _AUTO:
            values[_WEIGHT_BUS] = self._tile_bits(values)
        return Point(
            base=self.base,
            values={name: values[name] for name in self.values},
            origins={name: self.file.where(("sweep", name)) for name in self.values},
            workload={name: values.get(name, self.workload[name]) for name in WORKLOAD},
            evaluate=self.evaluate,
            settings=self.settings,
        )

    def _tile_bits(self, values: Mapping[str, Any]) -> int:
        """Return the width of a weight word that holds one tile and its check bits."""
        block = self.base.data.get("array")
        array = dict(block) if isinstance(block, dict) else {}
        for name, value in values.items():
            if name.startswith("array."):
                array[name.removeprefix("array.")] = value
        tile = 1
        for name in ("rows", "lanes"):
            # A wrong size is for the configuration to refuse, by its own name.
            tile *= array[name] if isinstance(array.get(name), int) else 1
        weights_per_byte = 4 if array.get("weight_encoding") == "trit2" else 5
        # A wrong check is for the configuration to refuse, too.
        check = "hamming" if array.get("weight_check") == "hamming" else "none"
        return width_for(max(1, -(-tile // weights_per_byte)), check)


def load_sweep(reference: str | Path) -> Sweep:
    """Read a sweep file, or a preset under ``configs/sweeps/``.

    Parameters
    ----------
    reference : str or Path
        A path, or the name of a preset.

    Raises
    ------
    ConfigError
        If the file is wrong; the message names file, line, key, value and requirement.
    """
    path = _find(str(reference))
    file = read_yaml(path)
    block = parse_block(_SweepFile, file.data, where=file.where)
    settings = evaluator_settings(block, file)
    for key in ("sweep", "objectives"):
        if getattr(block, key) == {}:
            raise ConfigError(f"{file.where((key,))}: {key} must have at least one field, not none")
    needs_model = EVALUATORS[block.evaluate].needs_model and not settings.get("shapes")
    if block.model is None and needs_model:
        raise ConfigError(f"{file.where(('model',))}: model must be given")
    most = MAX_POINTS if block.evaluate == "estimate" else MAX_EXPENSIVE_POINTS
    values: dict[str, tuple[Any, ...]] = {}
    for name, value in block.sweep.items():
        values[name] = field_values(name, value, file)
        # After each field: all of a hostile file would take minutes.
        points = math.prod(len(choices) for choices in values.values())
        if points > most:
            sizes = " x ".join(str(len(choices)) for choices in values.values() if len(choices) > 1)
            raise ConfigError(
                f"{file.where(('sweep',))}: sweep must have at most {most} points, "
                f"not {points} ({sizes})"
            )
    return Sweep(
        file=file,
        text=path.read_text(encoding="utf-8-sig"),
        base=base_document(block.base, file),
        workload={
            "model": block.model
            if block.model is None
            else located("model", block.model, file, ("model",)),
            "phase": block.phase,
            "batch": block.batch,
            "context": block.context,
        },
        values=values,
        constraints=_constraints(block.constraints, file),
        fields=None if block.fields is None else tuple(block.fields),
        objectives=block.objectives or EVALUATORS[block.evaluate].objectives,
        evaluate=block.evaluate,
        settings=settings,
    )


def _constraints(texts: Sequence[str], file: YamlFile) -> tuple[Expression, ...]:
    """Return the constraints of a sweep file."""
    constraints = []
    for index, text in enumerate(texts):
        place = ("constraints", index)
        try:
            constraints.append(parse_expression(text))
        except ExpressionError as error:
            raise ConfigError(f"{file.where(place)}: {key_text(place)} must be {error}") from None
    return tuple(constraints)


def _find(reference: str) -> Path:
    names = preset_names("sweeps")
    if not is_path(reference) and reference in names:
        return configs_folder() / "sweeps" / f"{reference}.yaml"
    if is_path(reference) or Path(reference).is_file():
        return Path(reference)
    raise ConfigError(
        f"sweep must be the path of a .yaml file or the name of a preset, not {show(reference)}; "
        f"{suggestion(reference, names)}"
    )


def base_document(base: str | dict[str, Any], file: YamlFile) -> Document:
    """Return the configuration to start from: a file, a preset, or a block in the sweep file."""
    if isinstance(base, str):
        return read_document(file.path.parent / base if is_path(base) else base)
    if "base" in base:
        raise ConfigError(
            f"{file.where(('base', 'base'))}: base.base must not be given: a block is complete"
        )
    return Document(
        file.path.stem,
        str(file.path),
        {key: located(key, value, file, ("base", key)) for key, value in base.items()},
        {keys[1:]: file.where(keys) for keys in file.lines if keys[0] == "base" and keys[1:]},
    )
