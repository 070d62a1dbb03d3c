"""The configurations that ship with the tool: where they are, and how a name finds its file."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from bitnet_hw.errors import ConfigError
from bitnet_hw.key_path import KeyPath, key_text, show, suggestion
from bitnet_hw.schema import Block, Where, parse_block
from bitnet_hw.yaml_file import YamlFile, read_yaml

__all__ = [
    "configs_folder",
    "find_file",
    "is_path",
    "load_block",
    "merge",
    "preset_names",
    "read_cached",
]

_SINGULAR = {
    "arrays": "array",
    "models": "model",
    "memories": "memory",
    "technologies": "technology",
    "systems": "system",
    "published": "set of published figures",
    "plans": "search file",
}

BlockT = TypeVar("BlockT", bound=Block)


def configs_folder() -> Path:
    """Return the folder of the presets: inside the installed package, or in the source tree."""
    package = Path(__file__).parent
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"


def preset_names(kind: str) -> list[str]:
    """Return the names of the presets of a kind (``"arrays"``, ``"models"``, ...), sorted."""
    return sorted(path.stem for path in (configs_folder() / kind).glob("*.yaml"))


def is_path(reference: str) -> bool:
    """Tell whether a reference is the path of a file rather than the name of a preset."""
    return reference.endswith((".yaml", ".yml")) or "/" in reference or "\\" in reference


def find_file(kind: str, reference: str, *, where: str = "") -> Path:
    """Return the file of a preset's name, or the path itself if the reference is a path.

    Parameters
    ----------
    kind : str
        Folder of the presets: ``"arrays"``, ``"models"``, ``"memories"``, ``"technologies"``,
        ``"systems"``, ``"published"`` or ``"plans"``.
    reference : str
        A name, or a path ending in ``.yaml``.
    where : str
        File and line of the reference, for messages.

    Raises
    ------
    ConfigError
        If there is no such preset; the message suggests the nearest name.
    """
    if is_path(reference):
        return Path(reference)
    names = preset_names(kind)
    if reference not in names:
        place = f"{where}: " if where else ""
        raise ConfigError(
            f"{place}{_SINGULAR[kind]} must be the name of a preset or the path of a .yaml file, "
            f"not {show(reference)}; {suggestion(reference, names)}"
        )
    return configs_folder() / kind / f"{reference}.yaml"


def load_block(
    block: type[BlockT], kind: str, value: object, *, where: Where, keys: KeyPath = ()
) -> BlockT:
    """Return the block that a name, a path or an inline mapping describes.

    An inline mapping may start from another block: ``{base: lpddr5x-64, efficiency: 0.7}``.

    Raises
    ------
    ConfigError
        If the name, the file or the mapping is wrong.
    """
    if isinstance(value, str):
        file = read_cached(find_file(kind, value, where=where(keys)))
        return parse_block(block, {"name": file.path.stem, **file.data}, where=file.where)
    if not isinstance(value, dict):
        raise ConfigError(
            f"{where(keys)}: {key_text(keys)} must be a name, a path or a block of keys, "
            f"not {show(value)}"
        )
    if isinstance(value.get("base"), str):
        base = read_cached(find_file(kind, value["base"], where=where((*keys, "base"))))
        changes = {key: inner for key, inner in value.items() if key != "base"}
        # Several of a thing are the same thing.
        changed = "" if changes.keys() <= {"count"} else " (changed)"
        value = {"name": f"{base.path.stem}{changed}", **merge(base.data, changes)}
    return parse_block(block, value, where=where, keys=keys)


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return `below` with the keys of `above`; blocks that both have are merged in turn."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            merged[key] = merge(old, value)
        else:
            merged[key] = value
    return merged


def read_cached(path: Path) -> YamlFile:
    """Return the content of a file, which a sweep reads for every point but once from the disk."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        # Also of a path that is none, which has a sentence of its own.
        return read_yaml(path)
    return _read_version(path, status.st_mtime_ns, status.st_size)


@cache
def _read_version(path: Path, _modified_ns: int, _size: int) -> YamlFile:
    return read_yaml(path)
