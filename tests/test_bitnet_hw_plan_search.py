"""The search remembers the best designs, whatever the chunks in which they come."""

import numpy as np

from bitnet_hw.expression import parse_expression
from bitnet_hw.plan.requirement import parse_requirements
from bitnet_hw.plan.search import Leaders, Search


def test_leaders():
    leaders = Leaders(3)
    assert leaders.indices == ()
    assert leaders.least == np.inf
    leaders.add(np.array([[2.0, 1.0], [1.0, 9.0]]), np.array([0, 1]))
    leaders.add(np.array([[1.0, 9.0], [np.nan, 0.0], [2.0, 0.5]]), np.array([2, 3, 4]))
    # By the first cost, then the second, then the number.
    assert leaders.indices == (1, 2, 4)
    assert leaders.least == 1
    leaders.add(np.array([[0.0, np.nan], [0.0, 3.0]]), np.array([5, 6]))
    assert leaders.indices == (6, 5, 1)
    leaders.add(np.empty((0, 2)), np.empty(0, np.int64))
    assert leaders.indices == (6, 5, 1)


def test_costs_that_are_unknown_come_last():
    leaders = Leaders(2)
    leaders.add(np.array([[np.nan], [np.nan], [7.0]]), np.array([0, 1, 2]))
    assert leaders.indices == (2, 0)


def naive(columns, bounds, group):
    """Return what a search finds, by sorting all designs."""
    designs = []
    for index, (speed, power, size) in enumerate(zip(*columns, strict=True)):
        misses = [bounds[0] / speed if speed < bounds[0] else 0]
        misses += [power / bounds[1] if power > bounds[1] else 0]
        designs.append((misses, size, index, int(group[index])))
    fit = [item for item in designs if not any(item[0])]
    relaxed = []
    for number in (0, 1):
        only = [item for item in designs if item[0][number] and not item[0][1 - number]]
        best = sorted((item[0][number], *item[1:3]) for item in only)
        relaxed.append(best[0][2] if best else None)
    closest = sorted((max(item[0]), *item[1:3]) for item in designs)
    fewest = sorted(
        (sum(miss > 0 for miss in item[0]), max(item[0]), *item[1:3]) for item in designs
    )
    of_group = {}
    for item in sorted(fit, key=lambda item: item[1:3]):
        of_group.setdefault(item[3], item[2])
    return (
        len(fit),
        [item[2] for item in sorted(fit, key=lambda item: item[1:3])][:4],
        relaxed,
        closest[0][2],
        fewest[0][3],
        of_group,
    )


def test_equals_sorting():
    random = np.random.default_rng(4)
    [faster] = parse_requirements("speed >= 10", "a")
    [cooler] = parse_requirements("power <= 5", "b")
    for trial in range(200):
        count = int(random.integers(1, 60))
        # Few values, so that many designs are equally good.
        columns = [random.integers(1, 15, count).astype(float) for _ in range(3)]
        columns[1] += trial % 5
        group = random.integers(0, 3, count)
        search = Search((faster, cooler), (parse_expression("size"),), 4)
        for part in np.array_split(np.arange(count), int(random.integers(1, 5))):
            if len(part):
                values = (column[part] for column in columns)
                fields = dict(zip(("speed", "power", "size"), values, strict=True))
                search.add(part, fields, group[part])
        found = (
            search.possible,
            list(search.smallest.indices),
            [leaders.indices[0] if leaders.indices else None for leaders in search.relaxed],
            search.closest.indices[0],
            search.fewest.indices[0],
            {int(number): leaders.indices[0] for number, leaders in search.of_group.items()},
        )
        assert found == naive(columns, (10, 5), group)
