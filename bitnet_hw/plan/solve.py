"""Searching for the answer to a plan: every design is estimated, many at a time."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bitnet_hw.batch.column import ColumnTable
from bitnet_hw.batch.constraints import TableFields
from bitnet_hw.batch.stream import column_chunks
from bitnet_hw.batch.sweep_columns import SweepColumns
from bitnet_hw.errors import ConfigError
from bitnet_hw.estimate_result import Estimate
from bitnet_hw.key_path import show, suggestion
from bitnet_hw.plan.answer import Answer, Choice
from bitnet_hw.plan.binding import binding_of
from bitnet_hw.plan.design import design
from bitnet_hw.plan.file import Plan
from bitnet_hw.plan.search import Search
from bitnet_hw.plan.totals import system_fields
from bitnet_hw.sweep_point import evaluate_point

__all__ = ["solve"]


def solve(
    plan: Plan,
    *,
    top: int = 5,
    jobs: int = 1,
    on_progress: Callable[[int], None] = lambda finished: None,
) -> Answer:
    """Return the answer to a plan: every design is estimated.

    Parameters
    ----------
    plan : Plan
        The question.
    top : int
        How many of the smallest systems are wanted.
    jobs : int
        Threads.
    on_progress : callable
        Called with the number of finished designs, those that do not exist included.

    Raises
    ------
    ConfigError
        If a condition reads a field that is not reported, or no design can be built.
    """
    started = time.monotonic()
    search = Search(plan.requirements, plan.smallest, top)
    read = _fields_read(plan)

    def report(result: Estimate) -> Mapping[str, Any]:
        return system_fields(result, plan.costs)

    searched = wrong = 0
    first: int | None = None
    for indices, table in column_chunks(
        plan.sweep,
        jobs=jobs,
        fields=frozenset(read),
        beforehand=plan.where,
        report=report,
        explain=False,
        on_progress=on_progress,
    ):
        first = int(indices[0]) if first is None else first
        error = table.columns["error"].present
        good = np.ones(len(indices), np.bool_) if error is None else ~error
        if searched == wrong and good.any():
            one = SweepColumns(plan.sweep, report=report).evaluate(indices[good][:1])
            _check_fields(read, one)
        searched += len(indices)
        wrong += int(np.count_nonzero(~good))
        if good.any():
            fields = TableFields(table)
            search.add(
                indices[good],
                {name: np.asarray(fields[name])[good] for name in read},
                _groups(plan, indices[good]),
            )
    if searched == wrong:
        raise _nothing_to_search(plan, first)
    return Answer(
        plan=plan,
        searched=searched,
        wrong=wrong,
        possible=search.possible,
        seconds=time.monotonic() - started,
        designs=tuple(design(plan, index) for index in search.smallest.indices),
        each=_choices(plan, search),
        binding=None if search.possible else binding_of(plan, search),
    )


def _fields_read(plan: Plan) -> dict[str, str]:
    """Return the fields that conditions and sizes read, and where each was asked for."""
    read = {name: f"smallest: {size.text}" for size in plan.smallest for name in size.fields}
    for requirement in plan.requirements:
        read.update(dict.fromkeys(requirement.fields, requirement.origin))
    return read


def _check_fields(read: Mapping[str, str], table: ColumnTable) -> None:
    numbers = [
        name for name, column in table.columns.items() if name != "error" and len(column.values)
    ]
    for name, origin in read.items():
        if name not in numbers:
            raise ConfigError(
                f"{origin} must read fields that are reported, not {show(name)}; "
                f"{suggestion(name, numbers)}"
            )


def _groups(plan: Plan, indices: Any) -> Any:
    """Return for each design which value of the field `plan.each` it has."""
    if plan.each is None:
        return np.zeros(len(indices), np.int64)
    names = list(plan.sweep.values)
    after = names[names.index(plan.each) + 1 :]
    stride = math.prod(len(plan.sweep.values[name]) for name in after)
    return indices // stride % len(plan.sweep.values[plan.each])


def _choices(plan: Plan, search: Search) -> tuple[Choice, ...]:
    if plan.each is None:
        return ()
    choices = []
    for group, value in enumerate(plan.sweep.values[plan.each]):
        leaders = search.of_group.get(group) or search.closest_of_group.get(group)
        found = design(plan, leaders.indices[0]) if leaders else None
        choices.append(Choice(value, found, group in search.of_group))
    return tuple(choices)


def _nothing_to_search(plan: Plan, first: int | None) -> ConfigError:
    file = plan.sweep.file
    if first is None:
        return ConfigError(f"{file.where(('where',))}: where must leave at least one design")
    reason = evaluate_point(plan.sweep.point(first))["error"]
    return ConfigError(f"{file.path}: No design of the search can be built; the first: {reason}")
