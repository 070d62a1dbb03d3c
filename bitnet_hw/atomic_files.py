"""Files that appear whole or not at all."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from bitnet_hw.errors import BitnetHwError

__all__ = ["prepare_folder", "temporary_path", "unwritable", "write_files"]


def prepare_folder(folder: Path) -> None:
    """Make a folder for results, and make sure before the work begins that files can go into it.

    Raises
    ------
    BitnetHwError
        If the folder cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = temporary_path(folder / "probe")
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise unwritable(folder, error) from error


def write_files(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write a set of files; on any failure all of them stay as they were.

    Every file is written completely under a temporary name beside its place, and only when all are
    on the disk do they take their names.

    Parameters
    ----------
    folder : Path
        An existing folder.
    contents : mapping of str to bytes
        Content of each file by its name.

    Returns
    -------
    list of Path
        The files, in the order of `contents`.

    Raises
    ------
    BitnetHwError
        If a file cannot be written: no space, no permission, no such folder.
    """
    paths = [folder / name for name in contents]
    try:
        for path, content in zip(paths, contents.values(), strict=True):
            _write(temporary_path(path), content)
        for path in paths:
            temporary_path(path).replace(path)
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        for path in paths:
            with suppress(OSError):
                temporary_path(path).unlink(missing_ok=True)
    return paths


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        # Some file systems report a full disk only when the data reaches it.
        os.fsync(file.fileno())


def temporary_path(path: Path) -> Path:
    """Return the name under which a file is written before it takes its own."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def unwritable(folder: Path, error: OSError) -> BitnetHwError:
    """Return the error for a folder that cannot be written to."""
    return BitnetHwError(f"Folder {folder} must be writable: {error.strerror or error}")
