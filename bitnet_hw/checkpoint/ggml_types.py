"""Types of tensors in GGUF files: numbers, names and sizes (ggml ``ggml.h``, ``ggml_type``)."""

from dataclasses import dataclass

__all__ = ["GGML_TYPES", "I2_S", "GgmlType"]

I2_S = "I2_S"
"""bitnet.cpp uses 36 for it, which ggml has retired."""


@dataclass(frozen=True)
class GgmlType:
    """How a type stores the weights of a row.

    Parameters
    ----------
    name : str
        In ggml's words.
    block_weights, block_bytes : int
        Size of a block.
    tail_bytes : int
        What follows the last block of a tensor: its scale, in I2_S.
    """

    name: str
    block_weights: int
    block_bytes: int
    tail_bytes: int = 0


GGML_TYPES = {
    0: GgmlType("F32", 1, 4),
    1: GgmlType("F16", 1, 2),
    2: GgmlType("Q4_0", 32, 18),
    3: GgmlType("Q4_1", 32, 20),
    6: GgmlType("Q5_0", 32, 22),
    7: GgmlType("Q5_1", 32, 24),
    8: GgmlType("Q8_0", 32, 34),
    10: GgmlType("Q2_K", 256, 84),
    11: GgmlType("Q3_K", 256, 110),
    12: GgmlType("Q4_K", 256, 144),
    13: GgmlType("Q5_K", 256, 176),
    14: GgmlType("Q6_K", 256, 210),
    30: GgmlType("BF16", 1, 2),
    34: GgmlType("TQ1_0", 256, 54),
    35: GgmlType("TQ2_0", 256, 66),
    36: GgmlType(I2_S, 4, 1, 32),
}
"""By number, those that are read: floats, ternary types, and what embeddings are quantised to."""
