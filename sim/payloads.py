"""Payloads of the command and result streams, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtl.geometry import FLAG_BITS, OUTPUTS_BITS, RESULT_BITS, Geometry
from rtl.job import Job

__all__ = ["Beat", "bad_commands", "command_word", "split_beat", "split_command"]


def _command_bits(geometry: Geometry) -> dict[str, int]:
    """Return the fields of a command, lowest first, and their widths."""
    return {
        "k": geometry.max_k.bit_length(),
        "n": OUTPUTS_BITS,
        "m": geometry.max_tokens.bit_length(),
        "flags": FLAG_BITS,
    }


def command_word(geometry: Geometry, *, k: int, n: int, m: int, flags: int = 0) -> int:
    """Return the payload of the command stream for a job, which need not be legal.

    Raises
    ------
    ValueError
        If a value does not fit its field.
    """
    values = {"k": k, "n": n, "m": m, "flags": flags}
    word = place = 0
    for name, bits in _command_bits(geometry).items():
        if values[name] >> bits:
            raise ValueError(f"{name} must fit {bits} bits, not {values[name]}")
        word |= values[name] << place
        place += bits
    return word


def bad_commands(geometry: Geometry) -> Iterator[dict[str, int]]:
    """Yield the fields of commands of each kind that must be dropped, as far as they fit."""
    good = {"k": 1, "n": 1, "m": 1}
    yield from (good | {name: 0} for name in good)
    yield dict.fromkeys(good, 0)
    for name, limit in (("k", geometry.max_k), ("m", geometry.max_tokens)):
        largest = (1 << limit.bit_length()) - 1
        yield from (
            good | {name: value} for value in {limit + 1, largest} if limit < value <= largest
        )


def split_command(geometry: Geometry, word: int) -> Job | None:
    """Return the job of a command, or None if the hardware must drop it."""
    values = {}
    for name, bits in _command_bits(geometry).items():
        values[name] = word & ((1 << bits) - 1)
        word >>= bits
    try:
        job = Job(**values)
        job.check(geometry)
    except (TypeError, ValueError):
        return None
    return job


@dataclass(frozen=True)
class Beat:
    """One beat of the result stream.

    Attributes
    ----------
    results : array
        int32, the valid results.
    flags : int
        Flags of the job.
    last : bool
        Whether it is the last beat of the job.
    """

    results: NDArray[np.int32]
    flags: int
    last: bool


def split_beat(geometry: Geometry, word: int) -> Beat:
    """Split a payload of the result stream."""
    data_bits = geometry.output_bus_words * RESULT_BITS
    count_bits = geometry.output_bus_words.bit_length()
    data = (word & ((1 << data_bits) - 1)).to_bytes(data_bits // 8, "little")
    sideband = word >> data_bits
    return Beat(
        results=np.frombuffer(data, "<i4")[: sideband & ((1 << count_bits) - 1)],
        flags=(sideband >> count_bits) & ((1 << FLAG_BITS) - 1),
        last=bool(sideband >> (count_bits + FLAG_BITS)),
    )
