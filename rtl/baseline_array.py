"""Arrays of multipliers, of the same rows and lanes as a ternary array, to compare it with."""

from functools import partial

from amaranth import signed

from rtl.fp16_format import FP16_BITS
from rtl.fp16_row import Fp16Row
from rtl.geometry import ACTIVATION_BITS, RESULT_BITS
from rtl.int8_row import Int8Row
from rtl.multiplier_array import MultiplierArray

__all__ = ["Fp16Array", "Int8Array"]


class Int8Array(MultiplierArray):
    """Rows of INT8 dot products that share one vector of activations; sums are int32 and exact.

    Parameters
    ----------
    rows : int
        Output channels in parallel.
    lanes : int
        Inputs summed by each row in each cycle.
    words_per_tile : int
        Words in which the weights of a tile arrive.
    tree_register_every : int
        Levels of the adder tree between two pipeline registers.
    product_register : bool
        Whether a register stands between the products and the tree.
    max_tokens : int
        Token vectors that may use a tile in turn: partial sums held by each row.

    Members
    -------
    word : In(ArrayLayout(signed(8), rows * lanes // words_per_tile))
        Weights, row by row.
    load : In(words_per_tile)
        Which word of the next tile this is, one bit each; the last word replaces the tile in use by
        the next one, for the steps from this cycle on.
    activations : In(ArrayLayout(signed(8), lanes))
        Activations of a step.
    step : In(1)
        Multiply the activations by the tile.
    first : In(1)
        The step is the first of its token: start from zero.
    token : In
        Which partial sums the step belongs to.
    valid : Out(1)
        There was a step `latency` cycles ago.
    totals : Out(ArrayLayout(signed(32), rows))
        Its partial sums, with its products included.

    Raises
    ------
    TypeError
        If a size is not a positive integer.
    ValueError
        If a tile cannot be cut into so many words, or if they are too wide to be ports.
    """

    def __init__(
        self,
        *,
        rows,
        lanes,
        words_per_tile=1,
        tree_register_every=2,
        product_register=True,
        max_tokens=1,
    ):
        super().__init__(
            operand=signed(ACTIVATION_BITS),
            result=signed(RESULT_BITS),
            create_row=Int8Row,
            rows=rows,
            lanes=lanes,
            words_per_tile=words_per_tile,
            tree_register_every=tree_register_every,
            product_register=product_register,
            max_tokens=max_tokens,
        )


class Fp16Array(MultiplierArray):
    """Rows of FP16 dot products that share one vector of activations; sums are FP16.

    Parameters
    ----------
    rows, lanes, words_per_tile, product_register, max_tokens
        As `Int8Array` takes them.
    tree_register_every : int
        Levels of the adder tree between two pipeline registers; an addition of floating-point
        numbers takes as long as several of integers.
    subnormals : bool
        As `Fp16Multiplier` and `Fp16Adder` take it.
    multiplier_stages, adder_stages : int
        The `stages` of each `Fp16Multiplier` and of each `Fp16Adder`; a step of a token may come
        `step_interval` cycles after the last one of the same token, no sooner.

    Members
    -------
    word, activations : In(ArrayLayout(16, ...))
        As in `Int8Array`.
    load, step, first, token : In
        As in `Int8Array`.
    valid : Out(1)
        As in `Int8Array`.
    totals : Out(ArrayLayout(16, rows))
        As in `Int8Array`.

    Raises
    ------
    TypeError, ValueError
        As in `Int8Array`.
    """

    def __init__(
        self,
        *,
        rows,
        lanes,
        words_per_tile=1,
        tree_register_every=1,
        product_register=True,
        max_tokens=1,
        subnormals=True,
        multiplier_stages=1,
        adder_stages=1,
    ):
        super().__init__(
            operand=FP16_BITS,
            result=FP16_BITS,
            create_row=partial(
                Fp16Row,
                subnormals=subnormals,
                multiplier_stages=multiplier_stages,
                adder_stages=adder_stages,
            ),
            multiplier_latency=multiplier_stages - 1,
            adder_latency=adder_stages - 1,
            rows=rows,
            lanes=lanes,
            words_per_tile=words_per_tile,
            tree_register_every=tree_register_every,
            product_register=product_register,
            max_tokens=max_tokens,
        )
