"""Check bits of a weight word: an extended Hamming code, in plain Python.

Each bit of a word has a number, all of them different, from 0 to the word's width. A word is whole
when the numbers of its ones cancel in an exclusive or, and its ones are even in number. Two
different numbers never cancel and an odd number of flips is never even, so that one, two or three
flipped bits, wherever they are, leave no word whole (R. W. Hamming, "Error Detecting and Error
Correcting Codes", Bell System Technical Journal 29, 1950).

The check bits are the highest of a word. Theirs are the numbers 1, 2, 4 and so on, each of which
makes one digit of the exclusive or 0, and, for the last, 0, which makes the number of ones even.
"""

from functools import cache

__all__ = ["WEIGHT_CHECKS", "bit_numbers", "check_bits", "is_whole", "width_for", "with_check"]

WEIGHT_CHECKS = ("none", "hamming")
"""What protects the words of the weight stream, by the name that a configuration gives."""


def check_bits(word_bits: int) -> int:
    """Return how many bits of a word are check bits: those of a bit's number, and one."""
    return (word_bits - 1).bit_length() + 1


def width_for(data_bytes: int, check: str) -> int:
    """Return the bits of the narrowest word, in whole bytes, that holds so many bytes of data."""
    width = 8 * data_bytes
    while check != "none" and width - check_bits(width) < 8 * data_bytes:
        width += 8
    return width


@cache
def bit_numbers(word_bits: int) -> tuple[int, ...]:
    """Return the number of each bit of a word, the lowest bit first.

    Data bits take those that are left, in order: 3, 5, 6, 7, 9 and so on.
    """
    powers = tuple(1 << digit for digit in range(check_bits(word_bits) - 1))
    data = (number for number in range(3, word_bits) if number not in powers)
    return (*data, *powers, 0)


def with_check(word: int, word_bits: int) -> int:
    """Return a word with its check bits, which must be 0 before."""
    checks = check_bits(word_bits)
    data_bits = word_bits - checks
    numbers, ones = 0, 0
    for place, number in enumerate(bit_numbers(word_bits)[:data_bits]):
        if word >> place & 1:
            numbers ^= number
            ones += 1
    ones += numbers.bit_count()
    return word | (numbers | ones % 2 << checks - 1) << data_bits


def is_whole(word: int, word_bits: int) -> bool:
    """Tell whether the check bits of a word are those of its data."""
    data = word & (1 << word_bits - check_bits(word_bits)) - 1
    return with_check(data, word_bits) == word
