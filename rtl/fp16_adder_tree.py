"""A balanced tree of binary16 adders."""

from amaranth import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.fp16_adder import Fp16Adder
from rtl.fp16_format import FP16_BITS
from rtl.pipeline import delay
from rtl.shared import place

__all__ = ["Fp16AdderTree"]


class Fp16AdderTree(wiring.Component):
    """Sum `operands` binary16 numbers, each sum rounded.

    Rounding makes the order count: neighbours are added first, then neighbouring sums, and at each
    level an odd one at the end goes on to the next level as it is.

    Parameters
    ----------
    operands : int
        Numbers to add.
    register_every : int
        Levels of adders between two pipeline registers.
    subnormals : bool
        As `Fp16Adder` takes it.
    adder_stages : int
        The `stages` of each `Fp16Adder`.

    Members
    -------
    operands : In(ArrayLayout(16, operands))
        Numbers to add.
    sum : Out(16)
        Their sum, `latency` cycles later.
    """

    def __init__(self, *, operands, register_every, subnormals, adder_stages=1):
        self._levels = (operands - 1).bit_length()
        self._register_every = register_every
        self._subnormals = subnormals
        self._adder_stages = adder_stages
        super().__init__({
            "operands": In(data.ArrayLayout(FP16_BITS, operands)),
            "sum": Out(FP16_BITS),
        })

    @property
    def latency(self):
        """Cycles from the operands to the sum."""
        return self._levels * (self._adder_stages - 1) + self._levels // self._register_every

    def elaborate(self, platform):
        m = Module()
        nodes = list(self.operands)
        for level in range(1, self._levels + 1):
            sums = []
            for index, (left, right) in enumerate(zip(nodes[0::2], nodes[1::2], strict=False)):
                adder = place(
                    m,
                    platform,
                    f"adder{level}_{index}",
                    "fp16_adder",
                    lambda: Fp16Adder(subnormals=self._subnormals, stages=self._adder_stages),
                )
                m.d.comb += [adder.a.eq(left), adder.b.eq(right)]
                sums.append(adder.sum)
            sums += [
                delay(m, node, self._adder_stages - 1, name=f"level{level}_odd")
                for node in nodes[len(nodes) // 2 * 2 :]
            ]
            domain = "sync" if level % self._register_every == 0 else "comb"
            nodes = []
            for index, total in enumerate(sums):
                node = Signal(FP16_BITS, name=f"level{level}_{index}_sum", reset_less=True)
                m.d[domain] += node.eq(total)
                nodes.append(node)
        [total] = nodes
        m.d.comb += self.sum.eq(total)
        return m
