"""The content of a configuration file and of the files that it starts from, not yet checked."""

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bitnet_hw.errors import ConfigError
from bitnet_hw.key_path import KeyPath, key_text, show
from bitnet_hw.presets import find_file, is_path, merge, read_cached

__all__ = ["DEFAULTS", "REFERENCES", "Document", "document_of_mapping", "read_document"]

REFERENCES = {"memory": "memories", "technology": "technologies"}
"""Keys whose value may be the name of a preset, and the folder of these presets."""

DEFAULTS = {"memory": "lpddr5x-64", "technology": "jouppi7"}


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
        data, origins = copy.deepcopy({**DEFAULTS, **self.data}), dict(self.origins)
        for dotted, value in changes.items():
            *parents, last = keys = tuple(dotted.split("."))
            block = data
            for depth, key in enumerate(parents, start=1):
                inner = block.setdefault(key, {})
                if isinstance(inner, str) and keys[0] in REFERENCES and depth == 1:
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


def read_document(path: str | Path) -> Document:
    """Read a configuration file and the files that it starts from (``base:``), without checking it.

    A relative path in a file is relative to that file.

    Raises
    ------
    ConfigError
        If a file cannot be read, or starts from itself.
    """
    return _read(find_file("arrays", str(path)), ())


def document_of_mapping(mapping: Mapping[str, Any], source: str | Path) -> Document:
    """Return the document of a mapping with the keys of a configuration file.

    Parameters
    ----------
    mapping : mapping
        Nested keys and values; ``base`` and other paths are relative to the folder of `source`.
    source : str or Path
        Where the mapping comes from: messages start with it.

    Raises
    ------
    ConfigError
        If the files that it starts from cannot be read.
    """
    path = Path(source)
    document = Document(path.stem, str(source), dict(mapping))
    return _on_base(_with_paths_from(document, path.parent), path.parent, ())


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
    for key in REFERENCES:
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
