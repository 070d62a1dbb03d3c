"""A balanced tree of two-input adders, each of which also takes in a carry."""

from amaranth import Cat, Const, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["AdderTree", "add"]


class AdderTree(wiring.Component):
    """Sum `operands` unsigned numbers and as many single-bit carries.

    An adder of two numbers can add a carry for nothing. Each node of the tree adds the carry of one
    of its two branches and hands the other's on, so one carry is left beside the sum, for the carry
    input of whatever adds the sum next. The sum of ``2**j`` operands and ``2**j - 1`` carries fits
    in ``j`` bits more than an operand.

    Parameters
    ----------
    operands : int
        Numbers to add.
    bits : int
        Width of each number.
    register_every : int
        Levels of adders between two pipeline registers.
    carries : bool
        Whether there are carries; without, they are not there.
    compressed : bool
        Leave the additions between two registers to synthesis as one, without carries.

    Members
    -------
    operands : In(ArrayLayout(bits, operands))
        Numbers to add.
    carries : In(operands)
        One carry beside each number.
    sum : Out(bits + levels)
        Sum of all numbers and of all carries but one, `latency` cycles later.
    carry : Out(1)
        The carry that is not in the sum.
    """

    def __init__(self, *, operands, bits, register_every, carries=True, compressed=False):
        self._bits = bits
        self._levels = (operands - 1).bit_length()
        self._register_every = register_every
        self._carries = carries
        self._compressed = compressed
        ports = {
            "operands": In(data.ArrayLayout(bits, operands)),
            "sum": Out(bits + self._levels),
        }
        if carries:
            ports |= {"carries": In(operands), "carry": Out(1)}
        super().__init__(ports)

    @property
    def latency(self):
        """Cycles from the operands to the sum."""
        return self._levels // self._register_every

    def elaborate(self, platform):
        m = Module()
        carries = self.carries if self._carries else [Const(0, 1)] * len(self.operands)
        nodes = list(zip(self.operands, carries, strict=True))
        for level in range(1, self._levels + 1):
            registered = level % self._register_every == 0
            added = []
            for index, (left, right) in enumerate(zip(nodes[0::2], nodes[1::2], strict=False)):
                total = Signal(self._bits + level, name=f"level{level}_{index}_sum")
                m.d.comb += total.eq(
                    left[0] + right[0] if self._compressed else add(left[0], right[0], left[1])
                )
                added.append((total, right[1]))
            nodes = added + nodes[len(nodes) // 2 * 2 :]
            if registered:
                nodes = [self._register(m, node, level, i) for i, node in enumerate(nodes)]
        [(total, carry)] = nodes
        m.d.comb += self.sum.eq(total)
        if self._carries:
            m.d.comb += self.carry.eq(carry)
        return m

    def _register(self, m, node, level, index):
        """Return a node one cycle later."""
        total, carry = node
        kept = Signal.like(total, name=f"level{level}_{index}_kept", reset_less=True)
        m.d.sync += kept.eq(total)
        if not self._carries:
            return kept, carry
        kept_carry = Signal(name=f"level{level}_{index}_carry", reset_less=True)
        m.d.sync += kept_carry.eq(carry)
        return kept, kept_carry


def add(left, right, carry):
    """Return ``left + right + carry`` as one adder, one bit wider than the wider of the two.

    The carry enters below the lowest place, where it meets a constant 1: synthesis maps this to the
    adder's own carry input, which a sum of three terms does not guarantee. And it stays an adder:
    of a plain sum of sums synthesis makes carry-save adders.
    """
    bits = max(len(left), len(right)) + 1
    low, high = Cat(Const(1, 1), left), Cat(carry, right)
    if left.shape().signed:
        low, high = low.as_signed(), high.as_signed()
        return (low + high)[1 : bits + 1].as_signed()
    return (low + high)[1 : bits + 1]
