"""CRC-32C, the checksum of images (Castagnoli; RFC 3720, appendix B.4)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.errors import ToolMissing

__all__ = ["Crc32c"]


def _extend() -> Callable[[int, bytes | NDArray[np.uint8]], int]:
    try:
        from google_crc32c import extend
    except ImportError:
        raise ToolMissing(
            "Checksums of images need the package google-crc32c: pip install 'bitnet-hw[models]'"
        ) from None
    found: Callable[[int, bytes | NDArray[np.uint8]], int] = extend
    return found


class Crc32c:
    """A checksum that grows with the data."""

    def __init__(self) -> None:
        self._extend = _extend()
        self._value = 0

    def update(self, data: bytes | NDArray[np.uint8]) -> None:
        """Add bytes at the end."""
        self._value = self._extend(self._value, data)

    def text(self) -> str:
        """Return the checksum as eight hexadecimal digits."""
        return f"{self._value:08x}"
