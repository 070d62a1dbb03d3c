"""One point of a sweep: everything that determines a row, and the row that comes of it."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import rtl
import sim
from bitnet_hw.config import Config, config_of
from bitnet_hw.document import Document
from bitnet_hw.errors import BitnetHwError, ToolMissing
from bitnet_hw.estimate import estimate
from bitnet_hw.key_path import KeyPath
from bitnet_hw.model import Model, load_model
from bitnet_hw.row import Row

__all__ = [
    "WORKLOAD",
    "Point",
    "estimate_fields",
    "evaluate_point",
    "failed_row",
    "point_key",
]

WORKLOAD = ("model", "phase", "batch", "context")
"""Fields of a point that are not part of the configuration."""

# Not for a table: the name of the file, the same for all points; events, whose names depend on the
# widths of the array; the parts of baselines.
_LEFT_OUT = re.compile(r"name|events|baselines\.\w+\.energy_breakdown_j")

# Settings that decide whether there is a result, but not what it is.
_NO_PART_OF_KEY = ("timeout_s",)


@dataclass(frozen=True, kw_only=True)
class Point:
    """Everything that determines one row; made to be sent to another process.

    Parameters
    ----------
    base : Document
        The configuration that the sweep starts from.
    values : mapping of str to object
        Value of each field that the sweep gives: dotted fields of the configuration, or fields of
        the workload.
    origins : mapping of str to str
        File and line of each of these fields, for messages.
    workload : mapping of str to object
        ``model``, ``phase``, ``batch`` and ``context``. The model is None if there is none, which
        is for evaluators that do without.
    evaluate : str
        Name of the evaluator.
    settings : mapping of str to object
        What the sweep file says to the evaluator alone.
    """

    base: Document
    values: Mapping[str, Any]
    origins: Mapping[str, str]
    workload: Mapping[str, Any]
    evaluate: str = "estimate"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def config(self) -> Config:
        """Return the checked configuration.

        Raises
        ------
        ConfigError
            If a field is unknown or a value wrong.
        """
        changes = {name: value for name, value in self.values.items() if name not in WORKLOAD}
        document = self.base.with_changes(changes, source="sweep")
        lines: dict[KeyPath, str] = {tuple(name.split(".")): self.origins[name] for name in changes}
        return config_of(replace(document, origins={**document.origins, **lines}))

    def step(self) -> dict[str, Any]:
        """Return phase, batch and context."""
        return {name: value for name, value in self.workload.items() if name != "model"}

    def model(self) -> Model:
        """Return the model.

        Raises
        ------
        ConfigError
            If there is no such model.
        """
        return load_model(self.workload["model"])


def estimate_fields(point: Point) -> dict[str, Any]:
    """Estimate a point: what `bitnet_hw.estimate.Estimate.to_dict` reports."""
    return estimate(point.config(), point.model(), **point.step()).to_dict()


def evaluate_point(
    point: Point, fields: Callable[[Point], Mapping[str, Any]] = estimate_fields
) -> Row:
    """Return the row of a point.

    Parameters
    ----------
    point : Point
        The point.
    fields : callable
        What is asked about it: an evaluator's function.

    Returns
    -------
    Row
        The fields that the sweep gives; ``"error"``, None or the reason why there are no results;
        the numbers and texts that the evaluator reports, nested ones by their dotted path; and
        ``"key"``.

    Raises
    ------
    ToolMissing
        If this machine lacks what every point needs.
    """
    try:
        key = _key(point, point.config(), _model(point))
        result = fields(point)
    except ToolMissing:
        raise
    except BitnetHwError as error:
        return failed_row(point, str(error))
    except Exception as error:
        # A point that nobody foresaw must not end a sweep of thousands.
        return failed_row(point, f"{type(error).__name__}: {error}")
    row = {**_given(point), "error": None}
    for name, value in _flat(result):
        row.setdefault(name, value)
    row["key"] = key
    return Row(row)


def failed_row(point: Point, error: str) -> Row:
    """Return the row of a point that has no results."""
    return Row({**_given(point), "error": error})


def _given(point: Point) -> dict[str, Any]:
    """Return the fields that the sweep gives, as a row shows them."""
    return {
        name: json.dumps(value) if isinstance(value, dict | list) else value
        for name, value in point.values.items()
    }


def point_key(point: Point) -> str | None:
    """Return the name of a point's row: equal names, equal rows. None if the point is wrong."""
    try:
        return _key(point, point.config(), _model(point))
    except BitnetHwError:
        return None


def _model(point: Point) -> Model | None:
    return None if point.workload["model"] is None else point.model()


def _key(point: Point, config: Config, model: Model | None) -> str:
    """Return a digest of everything that a row depends on, the program included."""
    parts = {
        "program": _program_digest(),
        "evaluate": point.evaluate,
        "settings": {
            name: value for name, value in point.settings.items() if name not in _NO_PART_OF_KEY
        },
        "values": point.values,
        "step": point.step(),
        "array": asdict(config.array),
        # The name is that of the file, which may have been copied.
        "config": config.model_dump(mode="json", exclude={"array", "name"}),
        "model": None if model is None else model.model_dump(mode="json"),
    }
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _program_digest() -> str:
    """Return a digest of the program: what another version of it found is never reused."""
    digest = hashlib.sha256()
    for package in (Path(__file__).parent, Path(rtl.__file__).parent, Path(sim.__file__).parent):
        for path in sorted((*package.rglob("*.py"), *package.rglob("*.cpp"))):
            name = path.relative_to(package).as_posix()
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _flat(mapping: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in mapping.items():
        path = f"{prefix}{name}"
        if _LEFT_OUT.fullmatch(path) or isinstance(value, list | tuple):
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}.")
        else:
            yield path, value
