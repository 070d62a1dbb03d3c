"""A tensor as it lies in a file."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["StoredTensor"]


@dataclass(frozen=True)
class StoredTensor:
    """Where the bytes of a tensor are, and what they mean.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Name in the file; it may be anything, so it is only ever shown with its quotes.
    dtype : str
        Name of the type in the file's own words: ``"BF16"``, ``"U8"``, ``"TQ2_0"``.
    shape : tuple of int
        Outermost dimension first.
    offset, nbytes : int
        Place in the file, in bytes.
    """

    path: Path
    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    nbytes: int
