"""The Pareto front: the points that no other point beats in every objective."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["DIRECTIONS", "front_order", "not_dominated", "pareto_mask"]

DIRECTIONS = ("min", "max")

# Comparisons held in memory at once by the front of three and more objectives: 8 MB of booleans.
_BLOCK = 512
_FRONT_CHUNK = 16384
# Points that sort out what they dominate before the front is looked for.
_STRONG = 48


def pareto_mask(values: NDArray[np.float64], directions: Sequence[str]) -> NDArray[np.bool_]:
    """Mark the points that no other point dominates.

    A point dominates another if it is at least as good in every objective and better in one. Equal
    points do not dominate each other, so they are on the front together. A point with a NaN in any
    objective is never on the front and dominates nothing. The result does not depend on the order
    of the points.

    One and two objectives take O(n log n) time. With more, a few strong points first sort out what
    they dominate, which is most of a large set. The others are swept in lexicographic order, block
    by block against the front found so far, in O(n f) time for a front of f points: a point can
    only be dominated by one that sorts before it, so a point once found never leaves the front.

    Parameters
    ----------
    values : ndarray of float64, shape (points, objectives)
        One row for each point.
    directions : sequence of str
        ``"min"`` or ``"max"`` for each objective.

    Returns
    -------
    ndarray of bool, shape (points,)

    Raises
    ------
    ValueError
        If the shape of `values` and the number of directions disagree, or a direction is unknown.
    """
    costs = _costs(values, directions)
    mask = np.zeros(len(costs), dtype=np.bool_)
    finite = np.flatnonzero(~np.isnan(costs).any(axis=1))
    if costs.shape[1] > 2 and len(finite) > _BLOCK:
        finite = finite[~_beaten_by_few(costs[finite])]
    if len(finite):
        # Sorted by the first objective, then the second, ...; equal points collapse into one.
        unique, inverse = np.unique(costs[finite], axis=0, return_inverse=True)
        keep = _front_of_two(unique) if unique.shape[1] <= 2 else _front_of_many(unique)
        mask[finite] = keep[inverse.reshape(-1)]
    return mask


def not_dominated(
    values: NDArray[np.float64], front: NDArray[np.float64], directions: Sequence[str]
) -> NDArray[np.bool_]:
    """Mark the points that no point of a front dominates.

    The points of the front with the best ranks come first, as most points are dominated by them and
    need not be compared with the others.

    Parameters
    ----------
    values, front : ndarray of float64, shape (points, objectives)
        One row for each point.
    directions : sequence of str
        ``"min"`` or ``"max"`` for each objective.

    Raises
    ------
    ValueError
        As `pareto_mask` does.
    """
    costs, best = _costs(values, directions), _costs(front, directions)
    ranks = np.argsort(np.argsort(best, axis=0, kind="stable"), axis=0, kind="stable")
    best = best[np.argsort(ranks.sum(axis=1), kind="stable")]
    alive = np.flatnonzero(~np.isnan(costs).any(axis=1))
    columns = [np.ascontiguousarray(costs[alive, number]) for number in range(costs.shape[1])]
    for point in best:
        if not len(alive):
            break
        beaten = np.logical_and.reduce([
            column >= cost for column, cost in zip(columns, point, strict=True)
        ])
        # A point equal to it is not dominated.
        beaten &= np.logical_or.reduce([
            column > cost for column, cost in zip(columns, point, strict=True)
        ])
        if beaten.any():
            alive = alive[~beaten]
            columns = [column[~beaten] for column in columns]
    mask = np.zeros(len(costs), np.bool_)
    mask[alive] = True
    return mask


def front_order(values: NDArray[np.float64], directions: Sequence[str]) -> NDArray[np.intp]:
    """Return the indices of the front, best first objective first.

    Ties are broken by the second objective, then the third, ..., then by the index.

    Parameters
    ----------
    values : ndarray of float64, shape (points, objectives)
        One row for each point.
    directions : sequence of str
        ``"min"`` or ``"max"`` for each objective.

    Returns
    -------
    ndarray of intp, shape (front,)

    Raises
    ------
    ValueError
        As `pareto_mask` does.
    """
    front = np.flatnonzero(pareto_mask(values, directions))
    costs = _costs(values, directions)[front]
    # lexsort is stable and takes the last key as the first.
    return front[np.lexsort(costs.T[::-1])]


def _costs(values: NDArray[np.float64], directions: Sequence[str]) -> NDArray[np.float64]:
    """Turn every objective into one to minimise."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != len(directions) or not len(directions):
        raise ValueError(
            f"Values must have one column for each of the {len(directions)} directions, at least "
            f"one, not shape {array.shape}"
        )
    for direction in directions:
        if direction not in DIRECTIONS:
            raise ValueError(f"Direction must be one of {', '.join(DIRECTIONS)}, not {direction!r}")
    # Adding 0.0 turns -0.0 into 0.0: the two compare equal and must collapse into one point.
    costs: NDArray[np.float64] = (
        array * np.array([1.0 if direction == "min" else -1.0 for direction in directions]) + 0.0
    )
    return costs


def _front_of_two(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the front of distinct points of one or two objectives in lexicographic order."""
    keep = np.zeros(len(points), dtype=np.bool_)
    keep[0] = True
    if points.shape[1] == 2:
        # A later point has a larger first cost, or the same and a larger second: it must improve.
        best_before = np.minimum.accumulate(points[:-1, 1])
        keep[1:] = points[1:, 1] < best_before
    return keep


def _front_of_many(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the front of distinct points in lexicographic order, any number of objectives."""
    keep = np.zeros(len(points), dtype=np.bool_)
    # The first objective needs no comparison: in this order it is never worse.
    rest = np.ascontiguousarray(points[:, 1:])
    front = np.empty_like(rest)
    size = 0
    for start in range(0, len(points), _BLOCK):
        candidates = np.arange(start, min(start + _BLOCK, len(points)))
        for low in range(0, size, _FRONT_CHUNK):
            chunk = front[low : min(low + _FRONT_CHUNK, size)]
            candidates = candidates[~_dominated(rest[candidates], chunk)]
        # Within the block only an earlier point can dominate; dominance is transitive, so comparing
        # with all earlier ones, dominated or not, gives the same answer.
        block = rest[candidates]
        beaten = np.logical_and.reduce([
            block[np.newaxis, :, objective] <= block[:, np.newaxis, objective]
            for objective in range(block.shape[1])
        ])
        candidates = candidates[~np.tril(beaten, k=-1).any(axis=1)]
        keep[candidates] = True
        front[size : size + len(candidates)] = rest[candidates]
        size += len(candidates)
    return keep


def _beaten_by_few(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark points that one of a few strong points dominates: those best in some mix of the ranks.

    A dominated point can be left out before the front is looked for: what it dominates, the point
    that dominates it dominates too.
    """
    ranks = np.argsort(np.argsort(points, axis=0, kind="stable"), axis=0, kind="stable")
    mixes = np.random.default_rng(0).dirichlet(np.ones(points.shape[1]), _STRONG)
    strong = points[np.unique(np.argmin(ranks @ mixes.T, axis=0))]
    beaten = np.zeros(len(points), np.bool_)
    for best in strong:
        at_least, better = points >= best, points > best
        beaten |= at_least.all(axis=1) & better.any(axis=1)
    return beaten


def _dominated(points: NDArray[np.float64], front: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points have a front point that is at least as good in every column."""
    at_least_as_good = np.logical_and.reduce([
        front[np.newaxis, :, objective] <= points[:, np.newaxis, objective]
        for objective in range(points.shape[1])
    ])
    dominated: NDArray[np.bool_] = at_least_as_good.any(axis=1)
    return dominated
