"""Objects that stand for several."""

from dataclasses import dataclass

import numpy as np

from bitnet_hw.batch.gathered import Gathered


@dataclass(frozen=True)
class Inner:
    size: int

    def scaled(self, factor: float, base: int = 0) -> float:
        return base + factor * self.size


@dataclass(frozen=True)
class Outer:
    name: str
    rate: float
    inner: Inner
    nothing: None = None
    shared: int = 7


def gathered():
    blocks = [Outer("a", 0.5, Inner(1)), Outer("b", 2.0, Inner(10))]
    return Gathered(blocks, np.array([0, 1, 1, 0]))


def test_numbers_and_texts():
    column = gathered()
    assert column.rate.tolist() == [0.5, 2.0, 2.0, 0.5]
    assert column.name.tolist() == ["a", "b", "b", "a"]
    assert column.nothing is None
    # What is the same for all stays a number.
    assert column.shared == 7


def test_blocks_inside():
    assert gathered().inner.size.tolist() == [1, 10, 10, 1]


def test_methods():
    inner = gathered().inner
    assert inner.scaled(2.0).tolist() == [2.0, 20.0, 20.0, 2.0]
    assert inner.scaled(np.array([1.0, 2.0, 3.0, 4.0]), 100).tolist() == [101, 120, 130, 104]


def test_a_single_block():
    column = Gathered([Outer("a", 0.5, Inner(3))], np.zeros(3, np.int64))
    assert (column.rate, column.inner.scaled(2.0)) == (0.5, 6.0)
    assert column.inner.scaled(np.array([1.0, 2.0, 1.0])).tolist() == [3.0, 6.0, 3.0]
