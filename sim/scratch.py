"""Folders to work in: gone afterwards, and when their process was killed, gone the next time."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sim.claims import claim, remove_abandoned

__all__ = ["SCRATCH_PREFIX", "scratch_folder"]

SCRATCH_PREFIX = "bitnet-hw-scratch-"
"""How the names of all these folders begin; nobody else's do."""


@contextmanager
def scratch_folder(root: Path) -> Iterator[Path]:
    """Make a folder in `root`, and remove it at the end, unless it has got another name by then.

    What processes that were killed have left in `root` is removed before.

    Parameters
    ----------
    root : Path
        An existing folder; several processes can share it.
    """
    remove_abandoned(root.glob(f"{SCRATCH_PREFIX}*"), shutil.rmtree)
    descriptor = None
    while descriptor is None:
        folder = Path(tempfile.mkdtemp(prefix=SCRATCH_PREFIX, dir=root))
        descriptor = claim(folder)
    try:
        yield folder
    except OSError as error:
        # A full disk does not say which one it is.
        if error.filename is None:
            error.filename = str(root)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)
