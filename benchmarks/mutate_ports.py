"""The accelerator that is mutated: its parameters, and its streams and status in 32-bit words."""
# Amaranth has no type information.
# mypy: allow-untyped-defs, allow-untyped-calls

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from amaranth.lib.wiring import Out

from rtl.counters import COUNTERS, ERRORS, Counters, status_signature
from rtl.dispatcher import job_layout
from rtl.geometry import Geometry
from rtl.result_buffer import beat_layout

__all__ = [
    "GEOMETRY",
    "OUTPUTS_BITS",
    "STATUS",
    "STREAMS",
    "narrow",
    "payload_bits",
    "status_bits",
    "word_count",
    "words_of",
]

GEOMETRY = Geometry(
    **{"rows": 3, "lanes": 4, "weight_bus_bits": 16, "max_tokens": 3, "max_k": 14},
    output_bus_words=2,
    tree_register_every=1,
)
"""Two words in a tile, two beats in a vector, two registers in the tree, and ragged throughout."""

STREAMS = ("commands", "weights", "activations", "results")
STATUS = ("idle", *COUNTERS, *ERRORS)
OUTPUTS_BITS = 6
_COUNTER_BITS = 8
_WORD_BITS = 32


@contextmanager
def narrow() -> Iterator[None]:
    """Let accelerators have counters of 8 bits, and commands a number of outputs of 6.

    The highest of 48 or of 24 bits change in no simulation; the generator is the same.
    """
    with (
        patch("rtl.counters.COUNTER_BITS", _COUNTER_BITS),
        patch("rtl.dispatcher.OUTPUTS_BITS", OUTPUTS_BITS),
        patch("sim.payloads.OUTPUTS_BITS", OUTPUTS_BITS),
        # An annotation is evaluated once; here, after the first of these.
        patch.dict(Counters.__annotations__, status=Out(status_signature())),
    ):
        yield


def payload_bits() -> dict[str, int]:
    """Return the widths of the payloads."""
    return {
        "commands": job_layout(GEOMETRY).size,
        "weights": GEOMETRY.weight_bus_bits,
        "activations": GEOMETRY.activation_word_bits,
        "results": beat_layout(GEOMETRY).size,
    }


def status_bits() -> dict[str, int]:
    """Return the widths of the fields of the status."""
    members = status_signature().members
    return {name: members[name].shape for name in STATUS}


def word_count(bits: int) -> int:
    """Return the words that hold so many bits."""
    return -(-bits // _WORD_BITS)


def words_of(number: int, bits: int) -> list[int]:
    """Return a number of so many bits as words."""
    return [number >> _WORD_BITS * i & 0xFFFFFFFF for i in range(word_count(bits))]
