"""Benches of single hardware modules: inputs and what must come of them, cycle by cycle.

What must come is computed here in plain Python, from what the module promises: a queue is a list, a
sum is a sum.
"""
# Amaranth has no type information.
# mypy: allow-untyped-defs, allow-untyped-calls

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from amaranth import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from benchmarks.mutants import Target
from rtl.trit import TRIT_CODES

__all__ = ["WORD_BITS", "Bench", "Values", "module_target", "weight_codes", "with_resets"]

Values = dict[str, int]

WORD_BITS = 32
# Verilator makes an array of words of a port that no integer holds.
_FEWEST_WORDS = 3


def word_count(layout: Any) -> int:
    """Return the words of a port that holds a layout."""
    return max(_FEWEST_WORDS, -(-layout.size // WORD_BITS))


class Bench(wiring.Component):
    """A module between two ports of whole words.

    Parameters
    ----------
    inputs, outputs : dict
        Fields of the ports, the first one lowest.
    connect : callable
        Told the Amaranth module, both ports' fields: adds the module as `dut`, and connects it. It
        lets no illegal input through, and shows no output that the specification leaves open.
    """

    def __init__(
        self, inputs: dict[str, Any], outputs: dict[str, Any], connect: Callable[..., None]
    ) -> None:
        self.input_layout = data.StructLayout(inputs)
        self.output_layout = data.StructLayout(outputs)
        self._connect = connect
        super().__init__({
            "inputs": In(WORD_BITS * word_count(self.input_layout)),
            "outputs": Out(WORD_BITS * word_count(self.output_layout)),
        })

    def elaborate(self, platform):
        """Connect."""
        m = Module()
        inputs = data.View(self.input_layout, self.inputs[: self.input_layout.size])
        outputs = data.View(self.output_layout, self.outputs[: self.output_layout.size])
        self._connect(m, inputs, outputs)
        return m


def module_target(
    name: str, bench: Bench, cycles: Iterator[tuple[Values, Values]], *, cells: str = "*dut*"
) -> Target:
    """Return the target of a module.

    Parameters
    ----------
    name : str
        Of the module.
    bench : Bench
        Around it.
    cycles : iterator
        For each cycle values of the inputs, where ``rst`` stands for the reset, and what outputs
        must then have; others are not looked at.
    cells : str
        Which cells to mutate.
    """
    rows = []
    for inputs, outputs in cycles:
        values = _words(bench.input_layout, inputs)
        expected = _words(bench.output_layout, outputs)
        mask = _words(bench.output_layout, dict.fromkeys(outputs, -1))
        rows.append([inputs.get("rst", 0), *values, *np.stack([expected, mask]).T.ravel()])
    return Target(
        name=name,
        component=bench,
        cells=cells,
        bench="mutate_vectors.cpp",
        vectors=np.array(rows, np.uint32),
        constants={
            "IN_WORDS": word_count(bench.input_layout),
            "OUT_WORDS": word_count(bench.output_layout),
        },
    )


def with_resets(
    model: Callable[[random.Random], Iterator[tuple[Values, Values]]], seed: int, runs: int = 60
) -> Iterator[tuple[Values, Values]]:
    """Yield the cycles of a clocked module: run after run, each cut off by a reset in flight."""
    rng = random.Random(seed)
    for _ in range(runs):
        length = rng.choice((1, 2, 3, 5, 8, 40, 200))
        for _, (inputs, outputs) in zip(range(length), model(rng), strict=False):
            yield inputs, outputs
        yield inputs | {"rst": 1}, {}


def weight_codes(weights: Sequence[int | None]) -> int:
    """Return weights in the on-chip code, the first in the lowest bits; None counts as 0."""
    return sum(TRIT_CODES[weight or 0] << 2 * place for place, weight in enumerate(weights))


def _words(layout: Any, values: Values) -> np.ndarray:
    number = 0
    for name, value in values.items():
        if name != "rst":
            field = layout[name]
            number |= (value & ((1 << field.width) - 1)) << field.offset
    count = word_count(layout)
    return np.frombuffer(number.to_bytes(4 * count, "little"), "<u4")
