"""The points of a sweep as columns, estimated together."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.baseline import BASELINES
from bitnet_hw.batch.column import ColumnTable
from bitnet_hw.batch.config_columns import config_columns
from bitnet_hw.batch.estimate_columns import estimate_columns
from bitnet_hw.batch.sweep_axes import Axes, Shared
from bitnet_hw.estimate_dict import estimate_fields
from bitnet_hw.estimate_result import Estimate
from bitnet_hw.expression import Expression
from bitnet_hw.sweep import Sweep
from bitnet_hw.sweep_point import evaluate_point

__all__ = ["SweepColumns"]

Int64s = NDArray[np.int64]


class SweepColumns:
    """Estimates points of a sweep, many at a time and without a line of Python for each.

    The rows are those of `bitnet_hw.sweep_point.evaluate_point`, without their key. Points are
    taken together that share a workload. One that is wrong goes through `evaluate_point`, which
    says why.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    fields : collection of str, optional
        The reported fields that are wanted; without it all.
    report : callable
        What is reported of an estimate whose numbers are columns.
    explain : bool
        Say of each wrong point why, which takes a millisecond; without it only that it is wrong.
    """

    def __init__(
        self,
        sweep: Sweep,
        fields: Collection[str] | None = None,
        *,
        report: Callable[[Estimate], Mapping[str, Any]] = estimate_fields,
        explain: bool = True,
    ) -> None:
        self._sweep = sweep
        self._report = report
        self._explain = explain
        self._axes = Axes(sweep)
        self._fields = None if fields is None else frozenset(fields)
        compared = fields is None or any(name.startswith("baselines.") for name in fields)
        self._baselines = BASELINES if compared else ()
        self._ranges = fields is None or any(
            "_range_" in name or "_zeros_" in name for name in fields
        )

    def evaluate(self, indices: Int64s) -> ColumnTable:
        """Return the rows of some points.

        Parameters
        ----------
        indices : array
            int64: numbers of the points.
        """
        table = ColumnTable(len(indices))
        if not len(indices):
            return table
        axes = self._axes.at(indices)
        table.fill(None, {name: axes.shown(name) for name in self._sweep.values})
        table.fill(None, {"error": None})
        good = np.zeros(len(indices), np.bool_)
        for shared, rows in axes.groups():
            valid = rows[axes.sizes.fits(rows, shared.widest_k)]
            if len(valid):
                good[valid] = True
                whole = None if len(valid) == len(indices) else valid
                table.fill(whole, self._wanted(self._estimate(shared, axes, valid)))
        if not self._explain:
            table.fill(np.flatnonzero(~good), {"error": "wrong"})
            return table
        for row in np.flatnonzero(~good):
            failed = evaluate_point(self._sweep.point(int(indices[row])))
            table.fill(np.array([row]), {"error": failed["error"]})
        return table

    def holds(self, constraint: Expression, indices: Int64s) -> NDArray[np.bool_]:
        """Tell for some points whether they hold to a constraint over fields of the sweep."""
        axes = self._axes.at(indices)
        fields = {name: axes.shown(name) for name in constraint.fields}
        return np.broadcast_to(constraint(fields), len(indices)).astype(np.bool_)

    def _estimate(self, shared: Shared, axes: Any, rows: Int64s) -> Mapping[str, Any]:
        """Return the fields of points that share a workload."""
        profiles, which = axes.profiles(shared, rows)
        config = config_columns(
            profiles, which, axes.sizes.array_sizes(rows), axes.sizes.vector_macs(rows)
        )
        result = estimate_columns(
            config,
            shared.model,
            shared.workload,
            **shared.step,
            baselines=self._baselines,
            ranges=self._ranges,
        )
        return self._report(result)

    def _wanted(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields by dotted name, those that are wanted and not the sweep's own."""
        return {
            name: value
            for name, value in _flat(fields)
            if name not in self._sweep.values and (self._fields is None or name in self._fields)
        }


def _flat(fields: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
