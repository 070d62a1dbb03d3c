"""Terms of a technology: coefficients, none negative, that fit the figures of measured arrays."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.errors import ConfigError
from bitnet_hw.gate_counts import count_of
from bitnet_hw.gates.array_figures import KINDS_OF_STEP, ArrayFigures
from bitnet_hw.gates.parts import CHECK_GROUP

__all__ = ["COUNTS", "fit_terms", "fit_zero_slopes", "non_negative_fit"]

COUNTS: Mapping[str, tuple[str, ...]] = {
    "adder tree": ("rows * tree_add_bits", "rows * tree_register_bits", "rows * lanes"),
    "lane select": ("rows * lanes",),
    "accumulator": (
        "rows * accumulator_bits",
        "rows * accumulator_bits * max_tokens",
        "rows * sum_bits",
        "rows",
    ),
    "tile registers": ("tile_trits", "gathered_trits"),
    "activation register": ("lanes",),
    "weight decoder": ("decoded_trits", "tile_trits"),
}
"""What the cells of each group are as many as; a term each.

The check of weight words is measured by itself instead, as the table's operations are.
"""

# Arrays that differ in it have other cells in the group, so that each kind has its own terms.
_SEPARATE = {
    "adder tree": "lane_style",
    "lane select": "lane_style",
    "accumulator": "lane_style",
    "activation register": "lane_style",
    "weight decoder": "weight_encoding",
}


# What is less of a group's clock and first step has no slope but noise.
_NEGLIGIBLE = 0.01


def non_negative_fit(
    matrix: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return coefficients of the columns, at least 0, with the least sum of relative squares.

    There are few columns: every choice of those that are not 0 is tried, small ones first, so that
    of equally good ones the simplest is taken. As many columns as rows at most.

    Parameters
    ----------
    matrix : array
        [points, columns].
    values : array
        What ``matrix @ coefficients`` should be; points where it is 0 do not count.
    """
    columns = matrix.shape[1]
    best, least = np.zeros(columns), np.inf
    there = values > 0
    scaled = matrix[there] / values[there, None]
    distinct = np.linalg.matrix_rank(scaled) if len(scaled) else 0
    for size in range(1, distinct + 1):
        for chosen in itertools.combinations(range(columns), size):
            found, *_ = np.linalg.lstsq(scaled[:, chosen], np.ones(len(scaled)), rcond=None)
            error = float(np.square(scaled[:, chosen] @ found - 1).sum())
            if (found >= 0).all() and error < least * (1 - 1e-9) - 1e-15:
                best, least = np.zeros(columns), error
                best[list(chosen)] = found
    return best


def fit_terms(arrays: Sequence[ArrayFigures], streams: Sequence[str]) -> list[dict[str, Any]]:
    """Return the terms that fit arrays best, as `bitnet_hw.gate_terms.GateTerm` reads them.

    Raises
    ------
    ConfigError
        If the arrays have a group of cells that no term is known for.
    """
    groups = {group for array in arrays for group in array.area_um2}
    if unknown := groups - COUNTS.keys() - {CHECK_GROUP}:
        raise ConfigError(
            f"A technology file knows no terms for the group {', '.join(sorted(unknown))}"
        )
    terms = []
    for group, counts in COUNTS.items():
        key = _SEPARATE.get(group)
        kinds = sorted({getattr(array.geometry, key) for array in arrays}) if key else [None]
        for kind in kinds:
            alike = [a for a in arrays if key is None or getattr(a.geometry, key) == kind]
            only = {} if key is None else {key: str(kind)}
            terms += _group_terms(group, counts, alike, streams, only)
    return terms


def _group_terms(
    group: str,
    counts: Sequence[str],
    arrays: Sequence[ArrayFigures],
    streams: Sequence[str],
    only: Mapping[str, str],
) -> list[dict[str, Any]]:
    def fitted(figures: Sequence[tuple[ArrayFigures, float]]) -> NDArray[np.float64]:
        rows = [[float(count_of(a.geometry, count)) for count in counts] for a, _ in figures]
        return non_negative_fit(
            np.array(rows).reshape(-1, len(counts)), np.array([value for _, value in figures])
        )

    # A group without cells in an array is not there, and does not count.
    area = fitted([(a, a.area_um2.get(group, 0.0)) for a in arrays])
    leakage = fitted([(a, a.leakage_nw.get(group, 0.0)) for a in arrays])
    clock = fitted([(a, a.clock_fj.get(group, 0.0)) for a in arrays])
    steps = {
        (stream, kind): fitted([
            (a, a.step_fj[stream, kind].get(group, 0.0))
            for a in arrays
            if (stream, kind) in a.step_fj
        ])
        for stream in streams
        for kind in KINDS_OF_STEP
    }
    return [
        {
            "group": group,
            "count": count,
            **only,
            "area_um2": area[place],
            "leakage_nw": leakage[place],
            "clock_fj": clock[place],
            "step_fj": {
                stream: {f"{kind}_fj": steps[stream, kind][place] for kind in KINDS_OF_STEP}
                for stream in streams
            },
        }
        for place, count in enumerate(counts)
    ]


def fit_zero_slopes(
    arrays: Sequence[ArrayFigures], zeros: Mapping[str, float], reference: str
) -> dict[str, dict[str, float]]:
    """Return how the energy of each group changes with the share of zero weights.

    Parameters
    ----------
    arrays : sequence of ArrayFigures
        Measured arrays.
    zeros : mapping of str to float
        Share of zero weights in streams that differ in nothing else.
    reference : str
        The stream to whose energy the changes are relative.

    Returns
    -------
    dict
        For each group and kind of step the slope k of ``1 + k (share - share of the reference)``.
    """
    slopes: dict[str, dict[str, float]] = {}
    for group in COUNTS:
        slopes[group] = {}
        for kind in KINDS_OF_STEP:
            steps = [
                (share - zeros[reference], array.step_fj[stream, kind].get(group, 0.0) / usual - 1)
                for array in arrays
                for stream, share in zeros.items()
                if (stream, kind) in array.step_fj
                and (usual := array.step_fj[reference, kind].get(group, 0.0))
                > _NEGLIGIBLE * (array.clock_fj[group] + array.step_fj[reference, "new"][group])
            ]
            squares = sum(step * step for step, _ in steps)
            products = sum(step * change for step, change in steps)
            slopes[group][kind] = products / squares if squares else 0.0
    return slopes
