"""One object for several: what reads a number from it gets a column."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.elementwise import for_each_distinct

__all__ = ["Gathered"]


class Gathered:
    """Stands for a configuration block of each design, of which there are only a few different.

    A number read from it is a column: that of each design's block. A block inside it is gathered
    too. A method is called for each different block, and, if an argument is a column, for each
    different pair of block and argument.

    Parameters
    ----------
    blocks : sequence
        The different blocks, with the same attributes; where one has None, all have.
    which : array
        int64: the index of each design's block.
    """

    def __init__(self, blocks: Sequence[Any], which: NDArray[np.int64]) -> None:
        self._blocks = list(blocks)
        self._which = which
        self._read: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self._read:
            values = [getattr(block, name) for block in self._blocks]
            if callable(values[0]):
                return lambda *arguments: self._call(values, arguments)
            self._read[name] = self._column(values)
        return self._read[name]

    def _column(self, values: Sequence[Any]) -> Any:
        first = values[0]
        if first is None or isinstance(first, tuple):
            return first
        if not isinstance(first, int | float | str):
            return Gathered(values, self._which)
        if all(value == first for value in values):
            return first
        return np.array(values)[self._which]

    def _call(self, methods: Sequence[Any], arguments: tuple[Any, ...]) -> Any:
        columns = [index for index, item in enumerate(arguments) if isinstance(item, np.ndarray)]
        if not columns:
            return self._column([method(*arguments) for method in methods])
        [column] = columns
        before, after = arguments[:column], arguments[column + 1 :]
        if len(methods) == 1:
            return for_each_distinct(
                lambda item: methods[0](*before, item, *after), arguments[column]
            )
        return for_each_distinct(
            lambda which, item: methods[which](*before, item, *after),
            self._which,
            arguments[column],
        )
