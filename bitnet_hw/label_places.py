"""Where the labels of points fit on a plot."""

import math
from collections.abc import Sequence, Set

__all__ = ["axis_positions", "place_labels"]

# Shares of the axes: the distance of a label from its point; the room between its middle and that
# of another label; the room between its middle and any point.
_DISTANCE = 0.045
_LABEL_ROOM = (0.055, 0.035)
_POINT_ROOM = (0.03, 0.02)
# Labels to try: more than fit, few enough to compare each with all others.
_MOST = 100


def place_labels(places: Sequence[tuple[float, float]]) -> list[str]:
    """Return on which side of its point each label stands.

    A label stands above its point, or else below, where it runs neither into a label placed before
    nor into one of the points. Of very many points only some are tried, evenly chosen.

    Parameters
    ----------
    places : sequence of (float, float)
        Position of each point, from 0 to 1 along both axes.

    Returns
    -------
    list of str
        ``"above"``, ``"below"``, or an empty text where there is no room.
    """
    step = -(-len(places) // _MOST) or 1
    tried = range(0, len(places), step)
    points = {places[index] for index in tried}
    labels: set[tuple[float, float]] = set()
    sides = [""] * len(places)
    for index in tried:
        x, y = places[index]
        for side, label in (("above", (x, y + _DISTANCE)), ("below", (x, y - _DISTANCE))):
            if _is_free(label, labels, _LABEL_ROOM) and _is_free(label, points, _POINT_ROOM):
                sides[index] = side
                labels.add(label)
                break
    return sides


def _is_free(
    place: tuple[float, float], others: Set[tuple[float, float]], room: tuple[float, float]
) -> bool:
    return all(abs(place[0] - x) >= room[0] or abs(place[1] - y) >= room[1] for x, y in others)


def axis_positions(values: Sequence[float], *, logarithmic: bool) -> list[float]:
    """Return where values lie on an axis, from 0 to 1; a linear axis starts at zero."""
    if not values:
        return []
    places = [math.log(value) for value in values] if logarithmic else list(values)
    low = min(places) if logarithmic else min(0.0, *places)
    span = max(places) - low or 1.0
    return [(place - low) / span for place in places]
