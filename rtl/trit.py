"""The two wire formats of ternary weights: code tables, and conversion of plain Python sequences.

A weight is -1, 0 or +1. On chip, and in ``trit2``, it is two bits: bit 0 set means +1, bit 1 set
means -1, both set is illegal; so a single flipped bit never turns +1 into -1.

``trit5`` holds five weights in eight bits with the trit code of ASTC's bounded integer sequence
encoding (Khronos Data Format Specification 1.3, section 23.12): a code whose decoder is a handful
of gates. The 13 codes of 256 that the canonical encoder never writes are illegal.
"""

from collections.abc import Iterable, Sequence

__all__ = ["TRIT5_DECODE", "TRIT5_ENCODE", "TRIT_CODES", "pack_word", "unpack_word"]

TRIT_CODES = {0: 0b00, 1: 0b01, -1: 0b10}
"""Two-bit code of each weight."""

_DIGIT_WEIGHTS = (0, 1, -1)


def _digits(code: int) -> tuple[int, int, int, int, int] | None:
    """Return the five base-3 digits of a trit5 code, or None if the code is illegal."""
    if (code >> 2) & 0b111 == 0b111:
        low = (code >> 5) << 2 | (code & 0b11)
        digit3 = digit4 = 2
        if (low >> 2) & 0b11 == 0b11 and ((low >> 4) or low & 0b11 == 0b11):
            return None
    else:
        low = code & 0b11111
        if low == 0b01111:
            return None
        if (code >> 5) & 0b11 == 0b11:
            digit4, digit3 = 2, code >> 7
        else:
            digit4, digit3 = code >> 7, (code >> 5) & 0b11
    if low & 0b11 == 0b11:
        digit2, digit1 = 2, low >> 4
        digit0 = 2 if (low >> 3) & 1 else (low >> 2) & 1
    elif (low >> 2) & 0b11 == 0b11:
        digit2 = digit1 = 2
        digit0 = low & 0b11
    else:
        digit2, digit1 = low >> 4, (low >> 2) & 0b11
        digit0 = low & 0b11
    return digit0, digit1, digit2, digit3, digit4


def _weights(code: int) -> tuple[int, ...] | None:
    digits = _digits(code)
    return None if digits is None else tuple(_DIGIT_WEIGHTS[digit] for digit in digits)


TRIT5_DECODE: tuple[tuple[int, ...] | None, ...] = tuple(_weights(code) for code in range(256))
"""Five weights of each trit5 code, the first in the lowest place; None marks an illegal code."""

TRIT5_ENCODE: dict[tuple[int, ...], int] = {
    weights: code for code, weights in enumerate(TRIT5_DECODE) if weights is not None
}
"""The one trit5 code of each group of five weights."""


def pack_word(weights: Sequence[int], *, encoding: str, bits: int) -> int:
    """Pack weights into one word of the weight stream, the first weight in the lowest bits.

    Places left over hold 0. Raises ValueError if the weights do not fit, KeyError if a weight is
    not ternary.
    """
    group, width = _group(encoding)
    capacity = bits // width * group
    if len(weights) > capacity:
        raise ValueError(f"A word holds at most {capacity} weights, not {len(weights)}")
    word = 0
    for index in range(0, len(weights), group):
        chunk = tuple(weights[index : index + group])
        code = (
            TRIT_CODES[chunk[0]]
            if encoding == "trit2"
            else TRIT5_ENCODE[chunk + (0,) * (group - len(chunk))]
        )
        word |= code << index // group * width
    return word


def unpack_word(word: int, *, encoding: str, bits: int) -> list[int | None]:
    """Unpack one word of the weight stream; the weights of an illegal code are None."""
    group, width = _group(encoding)
    codes = ((word >> place) & ((1 << width) - 1) for place in range(0, bits - width + 1, width))
    if encoding == "trit2":
        table = {code: weight for weight, code in TRIT_CODES.items()}
        return [table.get(code) for code in codes]
    return list(_flatten(TRIT5_DECODE[code] or (None,) * group for code in codes))


def _flatten(groups: Iterable[tuple[int | None, ...]]) -> Iterable[int | None]:
    for group in groups:
        yield from group


def _group(encoding: str) -> tuple[int, int]:
    """Return the weights in a group and the bits of its code."""
    return {"trit2": (1, 2), "trit5": (5, 8)}[encoding]
