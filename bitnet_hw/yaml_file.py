"""YAML files read strictly: nothing is taken for what it may not mean, and every key has its line.

The files are a small, plain part of YAML. Numbers are decimal (``12``, ``0.85``); truth values are
``true`` and ``false``. Everything that YAML versions disagree about (``yes``, ``010``, ``1e3``,
``1:30``, dates) stays text, so that a key which wants a number says so. Anchors, aliases, tags and
duplicate keys are errors, as are files beyond 64 KB or 16 levels: no small file can become large.
Text has no control characters and no halves of characters, not even by way of escapes: it ends in
messages, tables, file names and reports.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bitnet_hw.errors import ConfigError
from bitnet_hw.key_path import KeyPath, key_text, nearest, show

__all__ = ["YamlFile", "read_yaml", "yaml_value"]

_MAX_BYTES = 64 * 1024
_MAX_LEVELS = 16
_LONGEST_PATH = 1000

# All but tabs and ends of lines, and the halves of characters beyond 16 bits.
_NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

# PyYAML makes numbers of versions and escapes without looking at them.
_NO_NUMBER = "a version or an escape is out of range"

_INT, _FLOAT, _BOOL, _NULL, _STR = (
    f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null", "str")
)


@dataclass(frozen=True)
class YamlFile:
    """The content of a YAML file, and where each of its keys stands.

    Parameters
    ----------
    path : Path
        The file.
    data : dict
        Its content: dictionaries, lists, text, numbers, truth values and None.
    lines : mapping of tuple to int
        Line, counted from 1, of each key path.
    """

    path: Path
    data: dict[str, Any]
    lines: Mapping[KeyPath, int]

    def where(self, keys: KeyPath = ()) -> str:
        """Return ``"file:line"`` of a key path, or of the innermost part that the file has."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return f"{self.path}:{self.lines[keys]}" if keys else str(self.path)


def read_yaml(path: Path) -> YamlFile:
    """Read a YAML file whose top level is a mapping.

    Raises
    ------
    ConfigError
        If the file cannot be read, or is not what the module describes. The message names the file
        and the line, never the content of the file beyond the offending value.
    """
    text = _read_text(path)
    try:
        node = _StrictLoader(text, path).get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(f"{path}: The file must be a mapping of keys to values")
        lines: dict[KeyPath, int] = {}
        return YamlFile(path, _mapping(node, (), lines, path), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{line}: The file must be valid YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        raise ConfigError(
            f"{path}: The file must be text without control characters, "
            f"but has one at character {error.position}"
        ) from None
    except (ValueError, OverflowError):
        raise ConfigError(f"{path}: The file must be valid YAML: {_NO_NUMBER}") from None


def yaml_value(text: str, *, source: str) -> Any:
    """Return the value of a text, by the same rules as in a file.

    Raises
    ------
    ConfigError
        If it is not what the module describes; the message starts with `source`.
    """
    path = Path(source)
    try:
        node = _StrictLoader(text, path).get_single_node()
    except (yaml.YAMLError, ValueError, OverflowError):
        raise ConfigError(f"{source} must be a value in YAML, not {show(text)}") from None
    return None if node is None else _value(node, (), {}, path)


def _read_text(path: Path) -> str:
    name = str(path)
    if not name.isprintable() or len(name) > _LONGEST_PATH:
        raise ConfigError(
            f"The path of a file must be at most {_LONGEST_PATH} printable characters, "
            f"not {show(name)}"
        )
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        other = nearest(path.name, (sibling.name for sibling in path.parent.glob("*.y*ml")))
        hint = f"; did you mean {str(path.with_name(other))!r}?" if other else ""
        raise ConfigError(f"File {path} must exist{hint}") from None
    except OSError as error:
        raise ConfigError(f"File {path} must be readable: {error.strerror or error}") from None
    if len(content) > _MAX_BYTES:
        raise ConfigError(f"{path}: The file must be at most {_MAX_BYTES // 1024} KB long")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: The file must be UTF-8 text") from None


class _StrictLoader(yaml.SafeLoader):
    """PyYAML's loader up to the node graph, without what makes that graph larger than the text."""

    def __init__(self, text: str, path: Path) -> None:
        super().__init__(text)
        self._path = path
        self._level = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self._next_event()
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            self._refuse("anchors and aliases are not supported")
        if event.tag is not None:
            self._refuse("tags are not supported")
        if self._level == _MAX_LEVELS:
            self._refuse(f"blocks may be nested at most {_MAX_LEVELS} levels deep")
        self._level += 1
        node = super().compose_node(parent, index)
        self._level -= 1
        return node

    def _next_event(self) -> Any:
        peek: Callable[[], Any] = self.peek_event
        return peek()

    def _refuse(self, reason: str) -> None:
        line = self._next_event().start_mark.line + 1
        raise ConfigError(f"{self._path}:{line}: {reason}")


# Only these are anything but text. The patterns also keep a million digits out of int().
_StrictLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    (_INT, r"-?(0|[1-9][0-9]{0,17})", "-0123456789"),
    (_FLOAT, r"-?(0|[1-9][0-9]{0,17})\.[0-9]{0,17}", "-0123456789"),
    (_BOOL, "true|false", "tf"),
    (_NULL, "null|~|", ["n", "~", ""]),
):
    _StrictLoader.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), list(_first))


def _mapping(
    node: yaml.MappingNode, keys: KeyPath, lines: dict[KeyPath, int], path: Path
) -> dict[str, Any]:
    mapping = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if key_node.tag != _STR or not key_node.value or not key_node.value.isprintable():
            raise ConfigError(f"{path}:{line}: A key must be text, not {show(key_node.value)}")
        inner = (*keys, key_node.value)
        if inner in lines:
            raise ConfigError(
                f"{path}:{line}: {key_text(inner)} must be given once, "
                f"but line {lines[inner]} gives it too"
            )
        lines[inner] = line
        mapping[key_node.value] = _value(value_node, inner, lines, path)
    return mapping


def _value(node: yaml.Node, keys: KeyPath, lines: dict[KeyPath, int], path: Path) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, keys, lines, path)
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            lines[*keys, index] = item.start_mark.line + 1
            items.append(_value(item, (*keys, index), lines, path))
        return items
    if node.tag == _INT:
        return int(node.value)
    if node.tag == _FLOAT:
        return float(node.value)
    if node.tag == _BOOL:
        return node.value == "true"
    if node.tag == _NULL:
        return None
    if _NO_TEXT.search(node.value):
        line = node.start_mark.line + 1
        raise ConfigError(
            f"{path}:{line}: Text must be without control characters, not {show(node.value)}"
        )
    return node.value
