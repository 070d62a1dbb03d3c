"""Names of the layouts that a file of type I2_S may have."""

from enum import StrEnum

__all__ = ["I2sLayout"]


class I2sLayout(StrEnum):
    """Which of the three layouts an I2_S file has; `i2s_blocks` describes them."""

    BLOCKS128 = "blocks128"
    BLOCKS64 = "blocks64"
    ROWS4 = "rows4"
