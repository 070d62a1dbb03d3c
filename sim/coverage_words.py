"""The codes in a word of the weight stream, and what each is for."""

from functools import cache

from rtl.geometry import Geometry

__all__ = ["word_codes", "word_places"]

_GROUPS = {"trit2": (1, 2), "trit5": (5, 8)}
"""Weights of a code, and its bits."""


def word_codes(geometry: Geometry, word: int) -> tuple[int, ...]:
    """Return the codes of a word, the lowest first."""
    group, bits = _GROUPS[geometry.weight_encoding]
    codes = geometry.word_trits // group
    return tuple(word >> place * bits & ((1 << bits) - 1) for place in range(codes))


@cache
def word_places(geometry: Geometry, word: int, *, rows: int, lanes: int) -> tuple[str, ...]:
    """Return what each code of a word is for, by its first weight.

    Parameters
    ----------
    geometry : Geometry
        The accelerator.
    word : int
        Which word of its tile.
    rows, lanes : int
        Rows and lanes of the tile that the job has, or more.

    Returns
    -------
    tuple of str
        ``"weight"``; ``"padding row"`` or ``"padding lane"`` beyond the job's; ``"unused"`` beyond
        the tile.
    """
    group, _ = _GROUPS[geometry.weight_encoding]
    places = []
    for code in range(geometry.word_trits // group):
        row, lane = divmod(word * geometry.word_trits + code * group, geometry.lanes)
        if row >= geometry.rows:
            places.append("unused")
        elif row >= rows:
            places.append("padding row")
        elif lane >= lanes:
            places.append("padding lane")
        else:
            places.append("weight")
    return tuple(places)
