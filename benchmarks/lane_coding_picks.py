"""Codings of a ternary lane that `rtl/` does not have: what all rows share, what a weight picks.

* `Offset`: a weight picks 0, x or 2x, which is (w + 1) x. The sum of the activations, made once for
  all rows by one more tree, is taken off behind the tree of each row; without `corrected` it stays
  in the sum.
* `CenteredOffset`: the same around a center of alternating bits, as the style ``biased`` has it.
* `SignMagnitude`: the lane gets sign and magnitude; a product that is negative is the complement of
  the magnitude, whose missing one is a carry of the tree.
* `SelectGatedFirst`: the style ``select`` with its AND in front of its XOR, so that the XOR rests,
  too, where a weight is 0.

Operands of the tree are unsigned: what stands for 0 is a center, half of their range if not said
otherwise. A coding shares `shared_bits` for each lane, has `operand_bits` in the tree, and may need
a carry of the tree; with `summed` it adds (w + 1) x.
"""

from amaranth import Cat, Const, Mux, Signal

from rtl.geometry import ACTIVATION_BITS

__all__ = ["CenteredOffset", "Offset", "SelectGatedFirst", "SignMagnitude"]


class SelectGatedFirst:
    """As `rtl.lanes.select_operand`, but that the weight's zero is masked before the complement."""

    shared_bits = operand_bits = ACTIVATION_BITS
    carries, summed, corrected = True, False, False

    def center(self, _lane, _lanes):
        """Return what stands for 0."""
        return 128

    def share(self, activation, _center):
        """Return what all rows share of an activation."""
        return activation.as_unsigned()

    def select(self, shared, weight, center):
        """Return operand and carry that a weight code (bit 0 for +1, bit 1 for -1) selects."""
        # Synthesis knows that both orders compute the same: it must not see through this net.
        masked = Signal(self.operand_bits, attrs={"keep": 1})
        masked_is = masked.eq(shared & weight.any().replicate(self.operand_bits))
        return masked ^ weight[1].replicate(self.operand_bits) ^ center, weight[1], masked_is


class SignMagnitude:
    """Sign and eight bits of magnitude: -128 has the magnitude 128, so an operand has nine bits."""

    shared_bits = operand_bits = ACTIVATION_BITS + 1
    carries, summed, corrected = True, False, False

    def center(self, _lane, _lanes):
        """Return what stands for 0."""
        return 256

    def share(self, activation, _center):
        """Return the magnitude, and the sign above it."""
        magnitude = Mux(activation < 0, -activation, activation)[:ACTIVATION_BITS]
        return Cat(magnitude, activation < 0)

    def select(self, shared, weight, center):
        """Return the operand, and as its carry the one that a complement lacks."""
        used = weight.any()
        negative = shared[ACTIVATION_BITS] ^ weight[1]
        magnitude = Cat(shared[:ACTIVATION_BITS], Const(0, 1))
        complement = magnitude ^ negative.replicate(self.operand_bits)
        return complement & used.replicate(self.operand_bits) ^ center, negative & used, []


class Offset:
    """Pick 0, x or 2x.

    Parameters
    ----------
    corrected : bool
        Take the sum of the activations off in each row.
    """

    shared_bits, operand_bits = ACTIVATION_BITS, ACTIVATION_BITS + 1
    carries, summed = False, True

    def __init__(self, *, corrected=True):
        self.corrected = corrected

    def center(self, _lane, _lanes):
        """Return what stands for 0."""
        return 256

    def share(self, activation, _center):
        """Return the activation; twice of it are wires."""
        return activation.as_unsigned()

    def select(self, shared, weight, center):
        """Return the operand, and no carry."""
        once, twice = Cat(shared, shared[-1]), Cat(Const(0, 1), shared)
        return _pick(once, twice, weight) ^ center, Const(0, 1), []


class CenteredOffset(Offset):
    """Pick center, center + x or center + 2x, which are made once for all rows.

    As in `rtl.lanes`, what is shared is how they differ from the center, and the centers of the two
    halves of the lanes are 341 and its negative.
    """

    shared_bits, operand_bits = 2 * (ACTIVATION_BITS + 2), ACTIVATION_BITS + 2

    def center(self, lane, lanes):
        """Return what stands for 0."""
        return 341 if 2 * lane < lanes else 1024 - 341

    def share(self, activation, center):
        """Return how center + x and center + 2x differ from the center."""
        numbers = [center + activation, center + (activation << 1)]
        return Cat((number ^ center)[: self.operand_bits] for number in numbers)

    def select(self, shared, weight, center):
        """Return the operand, and no carry."""
        once, twice = shared[: self.operand_bits], shared[self.operand_bits :]
        return _pick(once, twice, weight) ^ center, Const(0, 1), []


def _pick(once, twice, weight):
    """Return the first of two numbers for a weight of 0, the second for +1, none for -1."""
    zero, plus = ~weight.any(), weight[0]
    return once & zero.replicate(len(once)) | twice & plus.replicate(len(twice))
