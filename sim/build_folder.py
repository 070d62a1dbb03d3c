"""Where compiled code is kept."""

import os
from pathlib import Path

__all__ = ["build_folder"]


def build_folder() -> Path:
    """Return the folder of builds unless said otherwise: in the user's cache directory.

    Builds are found again by their content.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "bitnet-hw" / "simulators"
