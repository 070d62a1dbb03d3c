"""Tells the unfinished work of living processes from what dead ones left behind.

Whoever makes a temporary file or folder holds a lock on it (``flock``), which ends with the process
however it ends, and means the same on all machines that share the file system. So what is not
locked is nobody's, and may be removed.
"""

import fcntl
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

__all__ = ["claim", "remove_abandoned"]


def claim(path: Path) -> int | None:
    """Lock a file or folder that was just made.

    Returns
    -------
    int or None
        A descriptor; the claim ends when it is closed. None if another process was faster and took
        the path for abandoned: then it is gone, and must be made again.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    # Where there are no locks, nobody else gets one either, and nothing is ever abandoned.
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    if _is_at(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def remove_abandoned(paths: Iterable[Path], remove: Callable[[Path], object]) -> None:
    """Remove those of the paths that no living process has claimed; others' files stay quietly."""
    for path in paths:
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(descriptor, path):
                    remove(path)
            finally:
                os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
