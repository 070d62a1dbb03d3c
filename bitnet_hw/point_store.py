"""The rows of finished points on the disk, each of them from the moment it is finished.

One small file for each point, named after its key, appears whole or not at all. So a process may
die at any time, and several may share the folder: at worst they write the same row twice.
"""

import hashlib
import json
import os
from pathlib import Path

from bitnet_hw.atomic_files import prepare_folder, write_files
from bitnet_hw.errors import ConfigError
from bitnet_hw.row import Row

__all__ = ["PointStore"]


class PointStore:
    """Rows by their key, in a folder.

    Parameters
    ----------
    folder : Path
        Made if it does not exist.

    Attributes
    ----------
    damaged : int
        Files found so far that are not what was written: their points are as good as not finished.

    Raises
    ------
    BitnetHwError
        If the folder cannot be made or written to.
    """

    def __init__(self, folder: Path) -> None:
        prepare_folder(folder)
        self.folder = folder
        self.damaged = 0

    def get(self, key: str) -> Row | None:
        """Return the row of a key, None if it is not there or damaged.

        Raises
        ------
        ConfigError
            If its file cannot be read.
        """
        path = self.folder / _name(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(f"{path} must be readable: {error.strerror or error}") from error
        row = _decoded(content)
        if row is None or row.get("key") != key:
            self.damaged += 1
            return None
        return row

    def put(self, row: Row) -> None:
        """Keep a row under its key. When this returns, not even a power failure loses it.

        Raises
        ------
        BitnetHwError
            If it cannot be written.
        """
        write_files(self.folder, {_name(row["key"]): _encoded(row)})
        # The content of the file is on the disk; now its name.
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _name(key: str) -> str:
    return f"{key}.json"


def _encoded(row: Row) -> bytes:
    """Return a row as JSON in one line, with the digest of that line before it."""
    text = json.dumps(dict(row)).encode()
    return hashlib.sha256(text).hexdigest().encode() + b"\n" + text + b"\n"


def _decoded(content: bytes) -> Row | None:
    digest, _, text = content.partition(b"\n")
    text = text.removesuffix(b"\n")
    if hashlib.sha256(text).hexdigest().encode() != digest:
        return None
    return Row(json.loads(text))
