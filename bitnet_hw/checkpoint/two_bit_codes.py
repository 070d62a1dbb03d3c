"""Bytes of four two-bit codes, as files hold them: the code 3 stands for no weight."""

import numpy as np

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.ternary import Codes

__all__ = ["check_two_bit_codes"]

_PART_BYTES = 1 << 18
_LOW_BITS = np.uint64(0x5555555555555555)


def check_two_bit_codes(subject: str, data: Codes) -> None:
    """Look at every code.

    Parameters
    ----------
    subject : str
        File and tensor, to begin the message.
    data : array
        uint8, of one dimension, four codes in each.

    Raises
    ------
    CheckpointError
        If a code is 3.
    """
    memory = np.empty(_PART_BYTES // 8, np.uint64)
    whole = len(data) // 8 * 8
    found = np.bitwise_or.reduce(data[whole:] & data[whole:] >> 1, initial=0) & 0b01010101
    for start in range(0, whole, _PART_BYTES):
        # Eight bytes at once, and no fresh memory.
        words = data[start : min(start + _PART_BYTES, whole)].view(np.uint64)
        both = np.right_shift(words, np.uint64(1), out=memory[: len(words)])
        both &= words
        found |= np.bitwise_or.reduce(both) & _LOW_BITS
    if found:
        raise CheckpointError(f"{subject} must have the two-bit codes 0, 1 and 2, not 3")
