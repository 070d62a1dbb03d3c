"""The whole description of an accelerator: from a YAML file, or changed key by key for a sweep."""

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, InstanceOf, model_validator

from bitnet_hw.activity import Activity
from bitnet_hw.chips import Chips
from bitnet_hw.errors import ConfigError
from bitnet_hw.formats import Formats
from bitnet_hw.key_path import KeyPath, key_text, show
from bitnet_hw.memory import Memory
from bitnet_hw.presets import find_file, is_path, load_block, merge, read_cached
from bitnet_hw.schema import Block, Figure, parse_block, unknown_key
from bitnet_hw.technology import Technology
from bitnet_hw.units import Host, Units, VectorUnit
from rtl.geometry import Geometry

__all__ = [
    "Board",
    "Config",
    "Document",
    "VectorUnit",
    "config_from_mapping",
    "load_config",
    "read_document",
]

# Geometry repeats wrong values in its messages.
_LONGEST_VALUE = 60

_REFERENCES = {"memory": "memories", "technology": "technologies"}
_DEFAULTS = {"memory": "lpddr5x-64", "technology": "jouppi7"}


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

    @property
    def clock_hz(self) -> float:
        """Clock in Hz."""
        return self.clock_mhz * 1e6


@dataclasses.dataclass(frozen=True)
class Document:
    """The merged content of a configuration file and its bases, not yet checked.

    Parameters
    ----------
    name, source : str
        Name of the configuration; the file or command that it comes from, for messages.
    data : dict
        Nested keys and values.
    origins : mapping of tuple to str
        File and line of each key path.
    """

    name: str
    source: str
    data: Mapping[str, Any]
    origins: Mapping[KeyPath, str] = dataclasses.field(default_factory=dict)

    def where(self, keys: KeyPath = ()) -> str:
        """Return file and line of a key path, or of the innermost part of it that is known."""
        while keys and keys not in self.origins:
            keys = keys[:-1]
        return self.origins.get(keys, self.source)

    def with_changes(self, changes: Mapping[str, object], *, source: str) -> "Document":
        """Return the document with values replaced by dotted key (``"array.rows"``).

        A key inside a memory or technology that is given by name changes that key of the named one.

        Raises
        ------
        ConfigError
            If a key leads through a value that is not a block.
        """
        data, origins = copy.deepcopy({**_DEFAULTS, **self.data}), dict(self.origins)
        for dotted, value in changes.items():
            *parents, last = keys = tuple(dotted.split("."))
            block = data
            for depth, key in enumerate(parents, start=1):
                inner = block.setdefault(key, {})
                if isinstance(inner, str) and keys[0] in _REFERENCES and depth == 1:
                    inner = block[key] = {"base": inner}
                if not isinstance(inner, dict):
                    raise ConfigError(
                        f"{source}: {key_text(keys[:depth])} must be a block of keys to change "
                        f"{dotted}, not {show(inner)}"
                    )
                block = inner
            block[last] = copy.deepcopy(value)
            origins = {path: at for path, at in origins.items() if path[: len(keys)] != keys}
            origins[keys] = source
        return Document(self.name, self.source, data, origins)

    def config(self) -> Config:
        """Return the checked configuration.

        Raises
        ------
        ConfigError
            If anything in the document is wrong.
        """
        data = {**_DEFAULTS, **self.data}
        known = [key for key in Config.model_fields if key != "name"]
        for key in data:
            if key not in known:
                raise unknown_key((key,), [*known, "base"], self.where)
        if "array" not in data:
            raise ConfigError(f"{self.where()}: array must be given")
        data["array"] = _geometry(data["array"], self)
        for key, block in (("memory", Memory), ("technology", Technology)):
            data[key] = load_block(
                block, _REFERENCES[key], data[key], where=self.where, keys=(key,)
            )
        return parse_block(Config, {"name": self.name, **data}, where=self.where)


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
    return document.with_changes(changes or {}, source="command line").config()


def read_document(path: str | Path) -> Document:
    """Read a configuration file and the files that it starts from (``base:``), without checking it.

    A relative path in a file is relative to that file.

    Raises
    ------
    ConfigError
        If a file cannot be read, or starts from itself.
    """
    return _read(find_file("arrays", str(path)), ())


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
    path = Path(source)
    document = Document(path.stem, str(source), dict(mapping))
    document = _on_base(_with_paths_from(document, path.parent), path.parent, ())
    return document.with_changes(overrides or {}, source=str(source)).config()


def _read(path: Path, readers: tuple[Path, ...]) -> Document:
    file = read_cached(path)
    if path.resolve() in readers:
        raise ConfigError(f"{path}: base must not lead back to the file itself")
    document = Document(
        path.stem, str(path), file.data, {keys: file.where(keys) for keys in file.lines}
    )
    document = _with_paths_from(document, path.parent)
    return _on_base(document, path.parent, (*readers, path.resolve()))


def _with_paths_from(document: Document, folder: Path) -> Document:
    """Make the paths in a document independent of the file that holds them."""
    data = dict(document.data)
    for key in _REFERENCES:
        value = data.get(key)
        if isinstance(value, str) and is_path(value):
            data[key] = str(folder / value)
        elif isinstance(value, dict) and isinstance(base := value.get("base"), str):
            data[key] = {**value, "base": str(folder / base) if is_path(base) else base}
    return dataclasses.replace(document, data=data)


def _on_base(document: Document, folder: Path, readers: tuple[Path, ...]) -> Document:
    """Return the document laid over the one that its key ``base`` names."""
    data = dict(document.data)
    if "base" not in data:
        return document
    base = data.pop("base")
    where = document.where(("base",))
    if not isinstance(base, str):
        raise ConfigError(f"{where}: base must be the path of a file, not {show(base)}")
    if is_path(base):
        below = _read(folder / base, readers)
    else:
        below = _read(find_file("arrays", base, where=where), readers)
    return Document(
        document.name,
        document.source,
        merge(below.data, data),
        {**below.origins, **document.origins},
    )


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
