"""How a weight selects what enters the adder tree: the numbers of each way."""

from dataclasses import dataclass, replace
from itertools import combinations, product

__all__ = ["LANE_STYLES", "LaneStyle"]


@dataclass(frozen=True)
class LaneStyle:
    """What a row's tree adds, and what all rows share to make it.

    An operand of the tree is unsigned. It stands for a product by its distance from a center, so
    that a tree of operands needs no sign anywhere; the centers of all are taken off its sum.

    Parameters
    ----------
    lanes : int
        Lanes that share one operand of the tree.
    shared_bits : int
        Bits that all rows share for each operand.
    operand_bits : int
        Width of an operand.
    centers : tuple of int
        What stands for 0 in the first half of the operands and in the second.
    carries : bool
        A negative weight lacks a one, which is a carry of the tree.
    compressed : bool
        The tree adds many numbers at once, for synthesis to build of carry-save adders.
    """

    lanes: int
    shared_bits: int
    operand_bits: int
    centers: tuple[int, int]
    carries: bool = False
    compressed: bool = False

    def operands(self, lanes: int) -> int:
        """Return the operands of a tree for a row of `lanes`."""
        return -(-lanes // self.lanes)

    def center(self, operand: int, lanes: int) -> int:
        """Return what stands for 0 in an operand of a row of `lanes`."""
        return self.centers[2 * operand >= self.operands(lanes)]

    @property
    def patterns(self) -> list[tuple[int, ...]]:
        """Weights of an operand's lanes, but for all zero: one for each number made once.

        Fewer lanes first; each pattern is followed by its negative.
        """
        found = []
        for used in range(1, self.lanes + 1):
            for chosen in combinations(range(self.lanes), used):
                for signs in product((1, -1), repeat=used - 1):
                    weights = dict(zip(chosen, (1, *signs), strict=True))
                    pattern = tuple(weights.get(lane, 0) for lane in range(self.lanes))
                    found += [pattern, tuple(-weight for weight in pattern)]
        return found


# The centers are numbers of alternating bits: a small sum of either sign then changes few of them,
# where around 0 or a power of two it would change all the upper ones.
# The second half has the negative of the first half's center, so that both cancel but for a power
# of two.
_BIASED = LaneStyle(lanes=1, shared_bits=18, operand_bits=9, centers=(0b0_1010_1010, 342))

LANE_STYLES = {
    "select": LaneStyle(lanes=1, shared_bits=8, operand_bits=8, centers=(128, 128), carries=True),
    "biased": _BIASED,
    "compressed": replace(_BIASED, compressed=True),
    "paired": LaneStyle(lanes=2, shared_bits=80, operand_bits=10, centers=(0b01_0101_0101, 683)),
    "tripled": LaneStyle(lanes=3, shared_bits=260, operand_bits=10, centers=(0b01_1010_1010, 598)),
}
"""All ways, by the name that a configuration gives.

``select``: x or its complement by an exclusive or, or nothing by an and.
``biased``: center + x and center - x are made once for all rows; a weight picks one, or the center.
``compressed``: the same with a carry-save tree. ``paired``: of two lanes a and b, center plus and
minus a, b, a + b and a - b are made once, and the two weights pick one. ``tripled``: the same for
three lanes and 26 numbers.
"""
