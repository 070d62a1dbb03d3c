"""Files that appear whole or not at all."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from bitnet_hw.errors import BitnetHwError
from sim.claims import claim, remove_abandoned

__all__ = ["TEMPORARY_SUFFIX", "prepare_folder", "temporary_file", "unwritable", "write_files"]

TEMPORARY_SUFFIX = ".bitnet-hw-tmp"
"""How the names of all temporary files end; nobody else's do."""


def prepare_folder(folder: Path) -> None:
    """Make a folder for results, and make sure before the work begins that files can go into it.

    Temporary files that processes have left there which were killed are removed.

    Raises
    ------
    BitnetHwError
        If the folder cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder.glob(f".*{TEMPORARY_SUFFIX}"), os.unlink)
        with temporary_file(folder / "probe"):
            pass
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
        with ExitStack() as stack:
            temporary = [stack.enter_context(temporary_file(path)) for path in paths]
            for file, content in zip(temporary, contents.values(), strict=True):
                _write(file, content)
            for file, path in zip(temporary, paths, strict=True):
                file.replace(path)
    except OSError as error:
        raise unwritable(folder, error) from error
    return paths


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        # Some file systems report a full disk only when the data reaches it.
        os.fsync(file.fileno())


@contextmanager
def temporary_file(path: Path) -> Iterator[Path]:
    """Make an empty file beside a path, to be written and renamed; removed at the end if it is not.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    descriptor = None
    while descriptor is None:
        temporary.touch()
        descriptor = claim(temporary)
    try:
        yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        os.close(descriptor)


def unwritable(folder: Path, error: OSError) -> BitnetHwError:
    """Return the error for a folder that cannot be written to."""
    return BitnetHwError(f"Folder {folder} must be writable: {error.strerror or error}")
