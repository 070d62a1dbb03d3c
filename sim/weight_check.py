"""Check bits of many weight words at once; `rtl.word_check` says what they are."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from rtl.geometry import Geometry
from rtl.word_check import bit_numbers

__all__ = ["checked", "corrupt"]

Bytes = NDArray[np.uint8]

_BYTES_AT_ONCE = 1 << 18
"""So many bytes of words, and what is looked up for each, fit into a processor's cache."""


def checked(geometry: Geometry, data: Bytes) -> Bytes:
    """Return the words of the weight stream that carry given weights.

    Parameters
    ----------
    geometry : Geometry
        Width of a word and its check.
    data : array
        uint8, [words, geometry.data_bytes]: the packed weights of each word.

    Returns
    -------
    array
        uint8, [words, weight_bus_bits / 8], the lowest byte first; `data` itself if that is all.
    """
    if not geometry.check_bits:
        return data
    words = np.zeros((len(data), geometry.weight_bus_bits // 8), np.uint8)
    words[:, : geometry.data_bytes] = data
    digits = geometry.check_bits - 1
    difference = _differences(geometry, words)
    numbers = difference & ((1 << digits) - 1)
    # The check bits that are set are ones, too.
    ones = (difference >> digits ^ np.bitwise_count(numbers)) & 1
    check = (numbers | ones << digits).astype(np.uint64)
    first = geometry.weight_bus_bits - geometry.check_bits
    byte, shift = divmod(first, 8)
    check <<= np.uint64(shift)
    for place in range(byte, words.shape[1]):
        words[:, place] |= (check >> np.uint64(8 * (place - byte))).astype(np.uint8)
    return words


def corrupt(geometry: Geometry, words: Bytes) -> NDArray[np.bool_]:
    """Tell for each word, uint8 [words, bytes], whether its check finds flipped bits."""
    if not geometry.check_bits:
        return np.zeros(len(words), np.bool_)
    found: NDArray[np.bool_] = _differences(geometry, words) != 0
    return found


def _differences(geometry: Geometry, words: Bytes) -> NDArray[np.uint32]:
    """Return how each word differs from a whole one: the exclusive or over its ones."""
    table = _table(geometry.weight_bus_bits)
    places = np.arange(len(table))
    found = np.empty(len(words), np.uint32)
    count = max(1, _BYTES_AT_ONCE // len(table))
    for start in range(0, len(words), count):
        part = words[start : start + count]
        found[start : start + len(part)] = np.bitwise_xor.reduce(table[places, part], axis=1)
    return found


@cache
def _table(word_bits: int) -> NDArray[np.uint32]:
    """Return what each value of each byte of a word adds to the exclusive or, [bytes, 256].

    The upper bit, above the digits of a number, counts the ones.
    """
    numbers = np.array(bit_numbers(word_bits), np.uint32)
    columns = (numbers | np.uint32(1 << (word_bits - 1).bit_length())).reshape(-1, 8)
    table = np.zeros((len(columns), 256), np.uint32)
    for bit in range(8):
        table[:, 1 << bit : 2 << bit] = table[:, : 1 << bit] ^ columns[:, bit : bit + 1]
    return table
