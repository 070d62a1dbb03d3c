"""What commands leave: results without their times, what is half, what is left over."""

import csv
import io
import json
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from bitnet_hw.atomic_files import TEMPORARY_SUFFIX
from bitnet_hw.point_store import PointStore

__all__ = ["broken_entries", "cache_entries", "half_files", "kept_points", "results", "strays"]

_arrow: Any = pyarrow
_parquet: Any = pyarrow.parquet

# The fields of results that are times. What is measured again takes another time.
_TIMES = ("seconds", "build_seconds")
_FINAL = re.compile(
    r"(compiled|packer)-\w{24}\.so|(library|verilator|icarus)-\w{24}"
    r"|(netlist|unit|array)-\w{24}\.json|activity-\w{24}"
)
_POINTS = "points"


def results(folder: Path) -> dict[str, bytes]:
    """Return the content of all results in a folder by name, without times; of points their rows.

    A file that is not whole is its bytes as they are, and so equal to no result.
    """
    found = {}
    for path in sorted(folder.glob("*")):
        if path.is_file() and not path.name.endswith(TEMPORARY_SUFFIX):
            found[path.name] = _timeless(path)
    for key, row in kept_points(folder).items():
        lines = {name: value for name, value in row.items() if name not in _TIMES}
        found[f"{_POINTS}/{key}"] = json.dumps(lines).encode()
    return found


def kept_points(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the rows of finished points by their keys; damaged ones are left out."""
    return {key: row for key, row in _points(folder).items() if row is not None}


def half_files(folder: Path, *whole: Mapping[str, bytes]) -> list[str]:
    """Return the names of what is neither one of several whole results nor a whole point."""
    names = [
        name
        for name, content in results(folder).items()
        if not name.startswith(_POINTS) and content not in (each.get(name) for each in whole)
    ]
    return names + [f"{_POINTS}/{key}" for key, row in _points(folder).items() if row is None]


def _points(folder: Path) -> dict[str, dict[str, Any] | None]:
    if not (folder / _POINTS).is_dir():
        return {}
    # Not made in the usual way, which removes what dead processes have left.
    store = PointStore.__new__(PointStore)
    store.folder, store.damaged = folder / _POINTS, 0
    keys = [path.stem for path in store.folder.glob("[0-9a-f]*.json")]
    rows = {key: store.get(key) for key in keys}
    return {key: None if row is None else dict(row) for key, row in rows.items()}


def _timeless(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".parquet":
        try:
            table = _parquet.read_table(io.BytesIO(content))
        except _arrow.ArrowInvalid:
            return content
        rows = table.drop_columns([name for name in _TIMES if name in table.column_names])
        return repr(rows.to_pylist()).encode()
    if path.suffix == ".csv":
        table = list(csv.DictReader(io.StringIO(content.decode())))
        rows = [{name: row[name] for name in row if name not in _TIMES} for row in table]
        return json.dumps(rows).encode()
    if path.suffix == ".json":
        return re.sub(rb'"(\w*seconds)": [\d.e+-]+', rb'"\1": 0', content)
    return content


def cache_entries(folder: Path) -> dict[str, int]:
    """Return what is in the cache under a final name: path in the folder, and inode."""
    return {
        str(path.relative_to(folder)): path.stat().st_ino
        for path in folder.glob("bitnet-hw/*/*")
        if _FINAL.fullmatch(path.name)
    }


def broken_entries(folder: Path) -> list[str]:
    """Return the entries of the cache that are not whole."""
    return [name for name in cache_entries(folder) if not _is_whole(folder / name)]


def _is_whole(path: Path) -> bool:
    if path.is_dir():
        return all(_is_whole(item) for item in path.iterdir() if item.is_file())
    content = path.read_bytes()
    if path.suffix == ".json":
        try:
            json.loads(content)
        except ValueError:
            return False
    if content[:4] == b"\x7fELF":
        # The table of sections is the last thing in a file that a linker writes.
        (start,) = struct.unpack_from("<Q", content, 0x28)
        size, count = struct.unpack_from("<HH", content, 0x3A)
        return len(content) >= start + size * count
    return path.suffix not in (".so", ".o") and not path.name.startswith("activity-")


def strays(results_folder: Path, cache: Path, expected: Mapping[str, bytes]) -> list[str]:
    """Return files in both folders that an undisturbed run does not leave."""
    found = {
        str(path.relative_to(results_folder))
        for path in results_folder.rglob("*")
        if path.is_file()
    }
    wanted = {f"{name}.json" if name.startswith(_POINTS) else name for name in expected}
    left = sorted(found - wanted)
    return left + [
        str(path.relative_to(cache))
        for path in sorted(cache.glob("bitnet-hw/*/*"))
        if not _FINAL.fullmatch(path.name)
    ]
