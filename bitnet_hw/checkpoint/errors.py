"""What is wrong with a checkpoint, as one sentence that names the file."""

from pathlib import Path

from bitnet_hw.errors import ConfigError

__all__ = ["CheckpointError", "unreadable"]


class CheckpointError(ConfigError):
    """A file of a checkpoint is missing, damaged, or not what its neighbours say it is."""


def unreadable(path: Path, error: OSError) -> CheckpointError:
    """Return the error for a file that the operating system does not let us read."""
    if isinstance(error, FileNotFoundError):
        return CheckpointError(f"File {path} must exist")
    return CheckpointError(f"File {path} must be readable: {error.strerror or error}")
