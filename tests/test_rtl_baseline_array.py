# amaranth: UnusedElaboratable=no
import itertools
import random
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from rtl.baseline_array import Fp16Array, Int8Array
from rtl.baseline_verilog import emit_baseline
from rtl.fp16_dot import Fp16Dot
from rtl.int8_dot import Int8Dot

reference = SimpleNamespace(**run_path(str(Path(__file__).with_name("fp16_reference.py"))))


def simulate(dut, tiles, *, words_per_tile, rng, interval=1):
    """Return the totals after each step of a list of (tile, steps), with idle cycles in between.

    A step is (first, token, activations), and a token's next one comes `interval` cycles later or
    more. The words of the next tile but its last one are loaded while the steps of this tile are
    taken.
    """
    totals, cycles = [], 0
    steps_left = sum(len(steps) for _, steps in tiles)

    async def drive(ctx):
        pending = iter([])
        earliest = {}
        for index, (tile, steps) in enumerate(tiles):
            words = [list(word) for word in np.array_split(tile, words_per_tile)]
            if index == 0:
                pending = enumerate(words[:-1])
            for number, word in pending:
                await load(ctx, number, word)
            following = tiles[index + 1][0] if index + 1 < len(tiles) else tile
            pending = enumerate(list(np.array_split(following, words_per_tile))[:-1])
            last = (words_per_tile - 1, words[-1])
            for first, token, activations in steps:
                while rng.random() < 0.3 or cycles < earliest.get(token, 0):
                    # The activations of an idle cycle must not count.
                    ctx.set(dut.activations, list(reversed(activations)))
                    await load(ctx, *next(pending, (None, None)) if last is None else (None, None))
                earliest[token] = cycles + interval
                ctx.set(dut.activations, activations)
                ctx.set(dut.step, 1)
                ctx.set(dut.first, first)
                ctx.set(dut.token, token)
                await load(ctx, *(last or next(pending, (None, None))))
                last = None
                ctx.set(dut.step, 0)

    async def load(ctx, number, word):
        nonlocal cycles
        cycles += 1
        if number is not None:
            ctx.set(dut.word, [int(weight) for weight in word])
            ctx.set(dut.load, 1 << number)
        await ctx.tick()
        ctx.set(dut.load, 0)

    async def watch(ctx):
        for _ in range(10_000):
            valid, *sums = ctx.get(dut.valid), *(ctx.get(total) for total in dut.totals)
            if valid:
                totals.append(sums)
            if len(totals) == steps_left:
                return
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(drive)
    simulator.add_testbench(watch)
    simulator.run()
    return totals


def reference_totals(tiles, *, rows, dot_product, add, zero):
    kept = {}
    for tile, steps in tiles:
        weights = np.array_split(tile, rows)
        for first, token, activations in steps:
            sums = [dot_product(row, activations) for row in weights]
            before = [zero] * rows if first else kept[token]
            kept[token] = [add(*pair) for pair in zip(before, sums, strict=True)]
            yield kept[token]


def draw_tiles(rng, *, rows, lanes, max_tokens, operand):
    """Draw two output tiles of three K tiles for all tokens, in the order of the ternary array."""
    return [
        (
            [operand() for _ in range(rows * lanes)],
            [(k == 0, token, [operand() for _ in range(lanes)]) for token in range(max_tokens)],
        )
        for _, k in itertools.product(range(2), range(3))
    ]


@settings(max_examples=25, deadline=None)
@given(
    shape=st.sampled_from([(1, 1, 1), (2, 3, 2), (3, 4, 4), (4, 5, 1), (2, 8, 16)]),
    register_every=st.integers(1, 3),
    product_register=st.booleans(),
    max_tokens=st.integers(1, 3),
    seed=st.integers(0, 1 << 32),
)
def test_int8_totals(shape, register_every, product_register, max_tokens, seed):
    rows, lanes, words_per_tile = shape
    rng = random.Random(seed)
    tiles = draw_tiles(
        rng,
        rows=rows,
        lanes=lanes,
        max_tokens=max_tokens,
        operand=lambda: rng.choice((-128, 127, rng.randint(-128, 127))),
    )
    dut = Int8Array(
        rows=rows,
        lanes=lanes,
        words_per_tile=words_per_tile,
        tree_register_every=register_every,
        product_register=product_register,
        max_tokens=max_tokens,
    )
    expected = reference_totals(
        tiles,
        rows=rows,
        dot_product=lambda w, x: sum(int(a) * b for a, b in zip(w, x, strict=True)),
        add=int.__add__,
        zero=0,
    )
    assert simulate(dut, tiles, words_per_tile=words_per_tile, rng=rng) == list(expected)


@settings(max_examples=15, deadline=None)
@given(
    shape=st.sampled_from([(1, 1, 1), (2, 3, 2), (2, 4, 4)]),
    register_every=st.integers(1, 2),
    product_register=st.booleans(),
    max_tokens=st.integers(1, 2),
    subnormals=st.booleans(),
    stages=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    seed=st.integers(0, 1 << 32),
)
def test_fp16_totals(shape, register_every, product_register, max_tokens, subnormals, stages, seed):
    rows, lanes, words_per_tile = shape
    rng = random.Random(seed)
    tiles = draw_tiles(
        rng,
        rows=rows,
        lanes=lanes,
        max_tokens=max_tokens,
        operand=lambda: rng.choice((rng.getrandbits(16), rng.randrange(0x3400, 0x4400))),
    )
    dut = Fp16Array(
        rows=rows,
        lanes=lanes,
        words_per_tile=words_per_tile,
        tree_register_every=register_every,
        product_register=product_register,
        max_tokens=max_tokens,
        subnormals=subnormals,
        multiplier_stages=stages[0],
        adder_stages=stages[1],
    )
    assert dut.step_interval == stages[1]

    def dot_product(w, x):
        products = reference.operate(np.multiply, w, x, subnormals=subnormals)
        return reference.tree_sum(products, subnormals=subnormals)

    expected = reference_totals(
        tiles,
        rows=rows,
        dot_product=dot_product,
        add=lambda a, b: int(reference.operate(np.add, a, b, subnormals=subnormals)),
        zero=0,
    )
    totals = simulate(
        dut, tiles, words_per_tile=words_per_tile, rng=rng, interval=dut.step_interval
    )
    assert totals == list(expected)


def test_int8_literals():
    tiles = [
        ([1, 2, -128, 127], [(1, 0, [3, 4]), (1, 1, [-128, -128])]),
        ([1] * 4, [(0, 0, [5, 6])]),
    ]
    dut = Int8Array(rows=2, lanes=2, max_tokens=2)
    totals = simulate(dut, tiles, words_per_tile=1, rng=random.Random(1))
    assert totals == [[11, 124], [-384, 128], [22, 135]]


def test_fp16_literals():
    one, two, three, half = 0x3C00, 0x4000, 0x4200, 0x3800
    tiles = [([one, two, half, half], [(1, 0, [two, three])]), ([one] * 4, [(0, 0, [one, two])])]
    dut = Fp16Array(rows=2, lanes=2)
    totals = simulate(dut, tiles, words_per_tile=1, rng=random.Random(1))
    assert totals == [[0x4800, 0x4100], [0x4980, 0x4580]]  # 8, 2.5, 11, 5.5


@pytest.mark.parametrize(
    ("kind", "dot", "options"),
    [(Int8Array, Int8Dot, {}), (Fp16Array, Fp16Dot, {"subnormals": True})],
)
@pytest.mark.parametrize("product_register", [False, True])
@pytest.mark.parametrize("register_every", [1, 2, 3])
@pytest.mark.parametrize("lanes", [1, 2, 5, 64])
def test_latency(kind, dot, options, lanes, register_every, product_register):
    sizes = {
        "lanes": lanes,
        "tree_register_every": register_every,
        "product_register": product_register,
        **options,
    }
    array = kind(rows=2, **sizes)
    assert array.latency == 1 + dot(**sizes).latency
    assert array.macs_per_cycle == 2 * lanes


@pytest.mark.parametrize("kind", [Int8Array, Fp16Array])
@pytest.mark.parametrize(
    "name", ["rows", "lanes", "words_per_tile", "tree_register_every", "max_tokens"]
)
@pytest.mark.parametrize("value", [0, True, 1.0, "1"])
def test_wrong_size(kind, name, value):
    sizes = {"rows": 2, "lanes": 2} | {name: value}
    with pytest.raises(TypeError, match=rf"^{name} must be a positive integer, not {value!r}$"):
        kind(**sizes)


def test_wrong_words():
    with pytest.raises(
        ValueError, match=r"^words_per_tile must divide the 15 weights of a tile, not 2$"
    ):
        Int8Array(rows=3, lanes=5, words_per_tile=2)
    with pytest.raises(
        ValueError,
        match=r"^The ports of an array must have fewer than 65536 bits, "
        r"not 67589: more words_per_tile make them narrower$",
    ):
        Fp16Array(rows=64, lanes=64)


@pytest.mark.parametrize("kind", [Int8Array, Fp16Array])
def test_verilog_has_each_repeated_module_once(kind):
    verilog = emit_baseline(kind(rows=3, lanes=4), "baseline")
    modules = [line.split("(")[0] for line in verilog.splitlines() if line.startswith("module ")]
    assert len(set(modules)) == len(modules)
    assert modules[-1] == "module baseline"
    assert verilog.count("\n  baseline_row row") == 3
    assert verilog == emit_baseline(kind(rows=3, lanes=4), "baseline")
    if kind is Fp16Array:
        assert verilog.count("  baseline_fp16_multiplier multiplier") == 4
        # Three in the tree and the accumulator's; rows share them.
        assert verilog.count("  baseline_fp16_adder adder") == 4
