# amaranth: UnusedElaboratable=no
import itertools
import random

import pytest
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from rtl.int8_dot import Int8Dot

INT8 = st.one_of(st.sampled_from((-128, 127, -1, 0, 1)), st.integers(-128, 127))


def dot_products(dut, cases):
    """Return the sum for each (weights, activations) of a pipelined run."""
    sums = []

    async def bench(ctx):
        for cycle in range(len(cases) + dut.latency):
            weights, activations = cases[min(cycle, len(cases) - 1)]
            ctx.set(dut.activations, activations)
            ctx.set(dut.weights, weights)
            if dut.latency:
                await ctx.tick()
            sums.append(ctx.get(dut.sum))

    simulator = Simulator(dut)
    if dut.latency:
        simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()
    skipped = max(dut.latency - 1, 0)
    return sums[skipped : skipped + len(cases)]


def expected(cases):
    return [sum(w * x for w, x in zip(*case, strict=True)) for case in cases]


@pytest.mark.parametrize("product_register", [False, True])
def test_one_product_exhaustively(product_register):
    dut = Int8Dot(lanes=1, tree_register_every=1, product_register=product_register)
    every = range(-128, 128)
    cases = [([w], [x]) for w, x in itertools.product(every, every)]
    assert len(cases) == 65536
    assert dot_products(dut, cases) == [w * x for [w], [x] in cases]


@pytest.mark.parametrize("lanes", [2, 3, 5, 16, 20, 33, 64])
@pytest.mark.parametrize("register_every", [1, 2, 3])
def test_ends_of_the_range_and_random_operands(lanes, register_every):
    dut = Int8Dot(lanes=lanes, tree_register_every=register_every, product_register=lanes % 2 == 0)
    rng = random.Random(lanes)
    ends = (-128, 127)
    cases = [([w] * lanes, [x] * lanes) for w in ends for x in ends]
    cases += [([rng.randint(-128, 127) for _ in range(lanes)] for _ in range(2)) for _ in range(20)]
    cases = [tuple(case) for case in cases]
    assert dot_products(dut, cases) == expected(cases)


@settings(max_examples=40, deadline=None)
@given(
    lanes=st.integers(1, 9),
    register_every=st.integers(1, 4),
    product_register=st.booleans(),
    data=st.data(),
)
def test_any_shape_and_operands(lanes, register_every, product_register, data):
    vector = st.lists(INT8, min_size=lanes, max_size=lanes)
    cases = data.draw(st.lists(st.tuples(vector, vector), min_size=1, max_size=8))
    dut = Int8Dot(
        lanes=lanes, tree_register_every=register_every, product_register=product_register
    )
    assert dot_products(dut, cases) == expected(cases)


def test_literals():
    dut = Int8Dot(lanes=4, tree_register_every=1, product_register=True)
    cases = [
        ([-128, -128, -128, -128], [-128, -128, -128, -128]),
        ([-128, -128, -128, -128], [127, 127, 127, 127]),
        ([1, -2, 3, -4], [10, 20, 30, 40]),
    ]
    assert dot_products(dut, cases) == [65536, -65024, -100]


def test_width_and_latency():
    dut = Int8Dot(lanes=64, tree_register_every=2, product_register=True)
    assert len(dut.sum) == 22
    assert dut.latency == 4
    assert Int8Dot(lanes=64, tree_register_every=4, product_register=False).latency == 1
