"""Number formats of what is not a BitLinear layer: the KV cache and the lm_head."""

from typing import Annotated, Literal

from pydantic import Field

from bitnet_hw.schema import Block

__all__ = ["FORMAT_BITS", "FP16_BITS", "Formats"]

FP16_BITS = 16

FORMAT_BITS = {"fp16": FP16_BITS, "int8": 8}
"""Bits of a weight in each format but ``ternary``, whose width is that of the weight stream."""


class Formats(Block):
    """Widths of what a model leaves to its user.

    Parameters
    ----------
    kv_cache_bits : int
        Bits of each number in the KV cache. Attention computes in FP16; narrower numbers are
        converted when they are read and written.
    lm_head : str
        ``"fp16"``, ``"int8"`` (the unit that runs it multiplies integers), or ``"ternary"`` (one
        more BitLinear layer, which the array runs).
    """

    kv_cache_bits: Annotated[int, Field(ge=1, le=32)] = FP16_BITS
    lm_head: Literal["fp16", "int8", "ternary"] = "fp16"
