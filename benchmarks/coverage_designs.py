"""The accelerators of which coverage is measured: between them, every module and parameter."""
# Amaranth has no type information.
# mypy: allow-untyped-calls

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from amaranth.lib.wiring import Out

from rtl.counters import Counters, status_signature
from rtl.geometry import Geometry

__all__ = ["DESIGNS", "OUTPUTS_BITS", "narrow"]

OUTPUTS_BITS = 7
_COUNTER_BITS = 13

DESIGNS = (
    # Two words in a tile; the last beat of a vector has one result, the last K tile four lanes.
    Geometry(
        rows=4,
        lanes=5,
        weight_encoding="trit5",
        weight_bus_bits=16,
        max_tokens=3,
        max_k=14,
        output_bus_words=3,
        tree_register_every=2,
        lane_style="select",
    ),
    # One word in a tile, with places that no tile uses; one token, one result in a beat.
    Geometry(
        rows=3,
        lanes=4,
        weight_encoding="trit2",
        weight_bus_bits=32,
        max_tokens=1,
        max_k=12,
        output_bus_words=1,
        tree_register_every=1,
        lane_style="biased",
    ),
    # Three words in a tile, each with check bits; whole vectors in two beats.
    Geometry(
        rows=6,
        lanes=6,
        weight_encoding="trit5",
        weight_bus_bits=32,
        weight_check="hamming",
        max_tokens=4,
        max_k=18,
        output_bus_words=3,
        tree_register_every=1,
        lane_style="paired",
    ),
    # Four words in a tile, the last of them not full.
    Geometry(
        rows=5,
        lanes=6,
        weight_encoding="trit2",
        weight_bus_bits=16,
        max_tokens=2,
        max_k=18,
        output_bus_words=2,
        tree_register_every=1,
        lane_style="tripled",
    ),
    # One word in a tile with places to spare, whole vectors in a beat; registers far apart.
    Geometry(
        rows=2,
        lanes=8,
        weight_encoding="trit5",
        weight_bus_bits=40,
        max_tokens=5,
        max_k=24,
        output_bus_words=2,
        tree_register_every=3,
        lane_style="compressed",
    ),
    # Two words in a tile for one token, and no register in the tree.
    Geometry(
        rows=2,
        lanes=3,
        weight_encoding="trit2",
        weight_bus_bits=8,
        max_tokens=1,
        max_k=9,
        output_bus_words=2,
        tree_register_every=4,
        lane_style="select",
    ),
)


@contextmanager
def narrow() -> Iterator[None]:
    """Let accelerators have counters of 13 bits, and commands a number of outputs of 7.

    The highest of 48 or of 24 bits change in no simulation; the generator is the same.
    """
    with (
        patch("rtl.counters.COUNTER_BITS", _COUNTER_BITS),
        patch("rtl.dispatcher.OUTPUTS_BITS", OUTPUTS_BITS),
        # An annotation is evaluated once; here, after the first of these.
        patch.dict(Counters.__annotations__, status=Out(status_signature())),
    ):
        yield
