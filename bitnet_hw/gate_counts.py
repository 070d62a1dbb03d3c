"""Counts of an array's cells: products of sizes of its `Geometry`, written as text."""

from typing import Any

from bitnet_hw.elementwise import larger
from rtl.geometry import Geometry

__all__ = ["check_count", "count_of"]

_OWN = ("1", "decoded_trits", "gathered_trits")


def check_count(count: str) -> str:
    """Return a count if all its factors are known.

    These are the numbers of `Geometry`; ``decoded_trits``, the weights of a word that a tile has
    places for; ``gathered_trits``, those of a tile's words before its last; and ``1``.

    Raises
    ------
    ValueError
        Else; the message is the end of a sentence.
    """
    for factor in count.split(" * "):
        if factor not in _OWN and not _is_size(factor):
            raise ValueError(f"a product of sizes such as rows * lanes; {factor!r} is none")
    return count


def count_of(geometry: Geometry, count: str) -> Any:
    """Return a count, of one geometry or of each of a column of them."""
    product: Any = 1
    for factor in count.split(" * "):
        product = product * _size(geometry, factor)
    return product


def _size(geometry: Geometry, factor: str) -> Any:
    if factor == "1":
        return 1
    if factor == "decoded_trits":
        word, tile = geometry.word_trits, geometry.tile_trits
        # The smaller of the two.
        return word + tile - larger(word, tile)
    if factor == "gathered_trits":
        return (geometry.words_per_tile - 1) * geometry.word_trits
    return getattr(geometry, factor)


def _is_size(name: str) -> bool:
    """Whether a geometry has a whole number of that name."""
    return not name.startswith("_") and isinstance(getattr(_SMALLEST, name, None), int)


_SMALLEST = Geometry(rows=1, lanes=1, weight_bus_bits=8, max_k=1, output_bus_words=1)
