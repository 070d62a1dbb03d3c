"""Rows of multipliers that share a vector of activations: what all number formats have alike."""

from functools import partial

from amaranth import Cat, Module, Shape, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.partial_sums import token_bits
from rtl.pipeline import delay
from rtl.shared import place

__all__ = ["MultiplierArray"]

_MOST_PORT_BITS = 1 << 16
"""Amaranth numbers the bits of all ports of a design with 16 bits."""


class MultiplierArray(wiring.Component):
    """An array of multipliers of any number format; its ports are those of `Int8Array`.

    The registers are those of the ternary array: a vector of activations, a tile of weights, all
    words but the last of the tile to follow, the rows' own, and the control that travels beside the
    sums. What surrounds the array there, a store of activations and a sequencer, is not here.

    Parameters
    ----------
    operand, result : shape-like
        Shapes of activations and weights, and of partial sums.
    create_row : callable
        Returns a row, given the parameters that a row has of those of an array.
    rows, lanes, words_per_tile, tree_register_every, product_register, max_tokens
        As `Int8Array` takes them.
    multiplier_latency, adder_latency : int
        Cycles that registers inside each multiplier, and inside each adder, take.
    """

    def __init__(
        self,
        *,
        operand,
        result,
        create_row,
        rows,
        words_per_tile,
        multiplier_latency=0,
        adder_latency=0,
        **row,
    ):
        sizes = {"rows": rows, "words_per_tile": words_per_tile, **row}
        product_register = sizes.pop("product_register")
        for name, value in sizes.items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise TypeError(f"{name} must be a positive integer, not {value!r}")
        self._rows, self._lanes = rows, row["lanes"]
        if rows * self._lanes % words_per_tile:
            raise ValueError(
                f"words_per_tile must divide the {rows * self._lanes} weights of a tile, "
                f"not {words_per_tile}"
            )
        levels = (self._lanes - 1).bit_length()
        product = multiplier_latency + bool(product_register)
        tree = levels * adder_latency + levels // row["tree_register_every"]
        self._sum_latency = 1 + product + tree
        self._adder_latency = adder_latency
        self._create_row = partial(create_row, **row)
        members = {
            "word": In(data.ArrayLayout(operand, rows * self._lanes // words_per_tile)),
            "load": In(words_per_tile),
            "activations": In(data.ArrayLayout(operand, self._lanes)),
            "step": In(1),
            "first": In(1),
            "token": In(token_bits(row["max_tokens"])),
            "valid": Out(1),
            "totals": Out(data.ArrayLayout(result, rows)),
        }
        port_bits = sum(Shape.cast(member.shape).width for member in members.values())
        if port_bits >= _MOST_PORT_BITS:
            raise ValueError(
                f"The ports of an array must have fewer than {_MOST_PORT_BITS} bits, "
                f"not {port_bits}: more words_per_tile make them narrower"
            )
        super().__init__(members)

    @property
    def macs_per_cycle(self):
        """Peak multiply-accumulates in each cycle."""
        return self._rows * self._lanes

    @property
    def latency(self):
        """Cycles from a step to the totals that include it."""
        return self._sum_latency + self._adder_latency

    @property
    def step_interval(self):
        """Cycles from a step to the next one of the same token, at least."""
        return self._adder_latency + 1

    def elaborate(self, platform):
        m = Module()
        gathered = []
        for index, load in enumerate(self.load[:-1]):
            word = Signal(len(self.word.as_value()), name=f"word{index}", reset_less=True)
            with m.If(load):
                m.d.sync += word.eq(self.word)
            gathered.append(word)
        row_bits = len(self.activations.as_value())
        tile = Signal(self._rows * row_bits, reset_less=True)
        activations = Signal.like(self.activations, reset_less=True)
        with m.If(self.load[-1]):
            m.d.sync += tile.eq(Cat(*gathered, self.word))
        with m.If(self.step):
            m.d.sync += activations.eq(self.activations)

        valid, first, token = self.step, self.first, self.token
        for stage in range(self._sum_latency):
            next_valid = Signal(name=f"valid{stage}")
            next_first = Signal(name=f"first{stage}", reset_less=True)
            next_token = Signal(len(token), name=f"token{stage}", reset_less=True)
            m.d.sync += [next_valid.eq(valid), next_first.eq(first), next_token.eq(token)]
            valid, first, token = next_valid, next_first, next_token

        for number in range(self._rows):
            row = place(m, platform, f"row{number}", "row", self._create_row)
            m.d.comb += [
                row.activations.eq(activations),
                row.weights.eq(tile[number * row_bits : (number + 1) * row_bits]),
                row.valid.eq(valid),
                row.first.eq(first),
                row.token.eq(token),
                self.totals[number].eq(row.total),
            ]
        m.d.comb += self.valid.eq(delay(m, valid, self._adder_latency, name="total_valid"))
        return m
