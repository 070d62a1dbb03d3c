"""Cover points of data: codes of the weight stream, and what weights and activations meet."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from rtl.lane_style import LANE_STYLES
from rtl.trit import TRIT5_DECODE
from sim.cover_points import Bin, CoverPoint, cases, cross, each
from sim.coverage_events import JobDone, WeightWord

__all__ = ["data_points"]

_LEGAL = [code for code, weights in enumerate(TRIT5_DECODE) if weights is not None]
_ILLEGAL = [code for code, weights in enumerate(TRIT5_DECODE) if weights is None]
_ENDS = (-128, -1, 0, 1, 127)


def data_points() -> Iterator[CoverPoint]:
    """Yield the points."""
    yield _codes("legal codes of trit5", "trit5", _LEGAL)
    yield _codes("illegal codes of trit5", "trit5", _ILLEGAL)
    yield _codes("codes of trit2", "trit2", [0b00, 0b01, 0b10, 0b11])
    encodings = each(("trit2", "trit5"), lambda e, name: e.geometry.weight_encoding == name)
    illegal = each(
        ("weight", "padding row", "padding lane"),
        lambda e, place: place in _illegal_places(e),
        lambda place: f"illegal in a {place}",
    )
    places = [
        *illegal,
        Bin("several illegal", lambda e: len(_illegal_places(e)) > 1),
        Bin("unused places", lambda e: "unused" in e.places),
    ]
    yield cross(
        "places x encoding",
        CoverPoint("codes", "places", WeightWord, places),
        CoverPoint("codes", "encodings", WeightWord, encodings),
    )
    styles = each(LANE_STYLES, lambda e, name: e.geometry.lane_style == name)
    style = CoverPoint("operands", "lane styles", JobDone, styles)
    products = each(
        list(product(_ENDS, (-1, 0, 1))),
        lambda e, pair: _meet(e, *pair),
        lambda pair: f"{pair[0]} * {pair[1]}",
    )
    yield cross(
        "lane style x activation x weight",
        style,
        CoverPoint("operands", "products", JobDone, products),
    )
    sums = {
        "largest there is": lambda e: 128 * e.geometry.max_k in _sums(e),
        "smallest there is": lambda e: -128 * e.geometry.max_k in _sums(e),
        "zero": lambda e: 0 in _sums(e),
    }
    yield cross("lane style x sum", style, cases("operands", "sums", JobDone, sums))


def _codes(name: str, encoding: str, codes: list[int]) -> CoverPoint:
    digits = {"trit2": 1, "trit5": 2}[encoding]
    bins = each(
        codes,
        lambda e, code: code in e.weight_codes and e.geometry.weight_encoding == encoding,
        lambda code: f"{code:0{digits}X}",
    )
    return CoverPoint("codes", name, WeightWord, bins)


def _illegal_places(event: WeightWord) -> list[str]:
    illegal = {"trit2": [0b11], "trit5": _ILLEGAL}[event.geometry.weight_encoding]
    return [
        place
        for code, place in zip(event.codes, event.places, strict=True)
        if code in illegal and place != "unused"
    ]


def _meet(event: JobDone, activation: int, weight: int) -> bool:
    """Return whether an activation meets a weight in some lane of a product."""
    given = (event.activations == activation).any(axis=0)
    return bool((given & (event.weights == weight).any(axis=0)).any())


def _sums(event: JobDone) -> set[int]:
    sums = event.activations.astype(np.int64) @ event.weights.T.astype(np.int64)
    return set(sums.ravel().tolist())
