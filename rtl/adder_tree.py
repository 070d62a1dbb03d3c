"""A balanced tree of two-input adders, each of which also takes in a carry."""

from amaranth import Cat, Const, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["AdderTree"]


class AdderTree(wiring.Component):
    """Sum `operands` signed numbers and as many single-bit carries.

    An adder of two numbers can add a carry for nothing. Each node of the tree adds the carry of one
    of its two branches and hands the other's on, so one carry is left beside the sum, for the carry
    input of whatever adds the sum next. The sum of ``2**j`` operands and ``2**j - 1`` carries fits
    in ``j`` bits more than an operand.

    Parameters
    ----------
    operands : int
        Numbers to add.
    bits : int
        Width of each number, signed.
    register_every : int
        Levels of adders between two pipeline registers.

    Members
    -------
    operands : In(ArrayLayout(signed(bits), operands))
        Numbers to add.
    carries : In(operands)
        One carry beside each number.
    sum : Out(signed(bits + levels))
        Sum of all numbers and of all carries but one, `latency` cycles later.
    carry : Out(1)
        The carry that is not in the sum.
    """

    def __init__(self, *, operands, bits, register_every):
        self._levels = (operands - 1).bit_length()
        self._register_every = register_every
        super().__init__({
            "operands": In(data.ArrayLayout(signed(bits), operands)),
            "carries": In(operands),
            "sum": Out(signed(bits + self._levels)),
            "carry": Out(1),
        })

    @property
    def latency(self):
        """Cycles from the operands to the sum."""
        return self._levels // self._register_every

    def elaborate(self, platform):
        m = Module()
        nodes = list(zip(self.operands, self.carries, strict=True))
        for level in range(1, self._levels + 1):
            domain = "sync" if level % self._register_every == 0 else "comb"
            pairs = list(zip(nodes[0::2], nodes[1::2], strict=False))
            sums = [add(left, right, left_carry) for (left, left_carry), (right, _) in pairs]
            carries = [carry for _, (_, carry) in pairs]
            if len(nodes) % 2:
                sums.append(nodes[-1][0])
                carries.append(nodes[-1][1])
            nodes = []
            for index, (total, carry) in enumerate(zip(sums, carries, strict=True)):
                place = f"level{level}_{index}"
                node = Signal(total.shape(), name=f"{place}_sum", reset_less=True)
                left_over = Signal(name=f"{place}_carry", reset_less=True)
                m.d[domain] += [node.eq(total), left_over.eq(carry)]
                nodes.append((node, left_over))
        [(total, carry)] = nodes
        m.d.comb += [self.sum.eq(total), self.carry.eq(carry)]
        return m


def add(left, right, carry):
    """Return ``left + right + carry`` as one adder, one bit wider than the wider of the two.

    The carry enters below the lowest place, where it meets a constant 1: synthesis maps this to the
    adder's own carry input, which a sum of three terms does not guarantee.
    """
    bits = max(len(left), len(right)) + 1
    total = Cat(Const(1, 1), left).as_signed() + Cat(carry, right).as_signed()
    return total[1 : bits + 1].as_signed()
