# amaranth: UnusedElaboratable=no
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from rtl.fp16_adder_tree import Fp16AdderTree
from rtl.fp16_dot import Fp16Dot

reference = SimpleNamespace(**run_path(str(Path(__file__).with_name("fp16_reference.py"))))

# Any bits, and numbers of like magnitude: those round, cancel and overflow in sums.
FP16 = st.one_of(
    st.integers(0, 0xFFFF),
    st.builds(lambda sign, rest: sign << 15 | rest, st.integers(0, 1), st.integers(0x3800, 0x47FF)),
    st.sampled_from((0x0000, 0x8000, 0x0001, 0x03FF, 0x8400, 0x7BFF, 0x7C00, 0xFC00, 0x7D01)),
)


def run(dut, inputs):
    """Return the sum for each mapping of port names to operands of a pipelined run."""
    sums = []

    async def bench(ctx):
        for cycle in range(len(inputs) + dut.latency):
            for port, numbers in inputs[min(cycle, len(inputs) - 1)].items():
                ctx.set(getattr(dut, port), [int(number) for number in numbers])
            if dut.latency:
                await ctx.tick()
            sums.append(ctx.get(dut.sum))

    simulator = Simulator(dut)
    if dut.latency:
        simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()
    skipped = max(dut.latency - 1, 0)
    return sums[skipped : skipped + len(inputs)]


def dot_product(weights, activations, *, subnormals):
    products = reference.operate(np.multiply, activations, weights, subnormals=subnormals)
    return int(reference.tree_sum(products, subnormals=subnormals))


@settings(max_examples=25, deadline=None)
@given(
    lanes=st.integers(1, 7),
    register_every=st.integers(1, 3),
    product_register=st.booleans(),
    subnormals=st.booleans(),
    stages=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    data=st.data(),
)
def test_any_shape_and_operands(lanes, register_every, product_register, subnormals, stages, data):
    vector = st.lists(FP16, min_size=lanes, max_size=lanes)
    cases = data.draw(st.lists(st.tuples(vector, vector), min_size=1, max_size=8))
    dut = Fp16Dot(
        lanes=lanes,
        tree_register_every=register_every,
        product_register=product_register,
        subnormals=subnormals,
        multiplier_stages=stages[0],
        adder_stages=stages[1],
    )
    sums = run(dut, [{"weights": w, "activations": x} for w, x in cases])
    assert sums == [dot_product(*case, subnormals=subnormals) for case in cases]


@pytest.mark.parametrize("lanes", [8, 20, 33])
def test_operands_of_a_network(lanes):
    rng = np.random.default_rng(lanes)
    cases = [
        {
            "weights": rng.normal(0, 0.02, lanes).astype(np.float16).view(np.uint16),
            "activations": rng.normal(0, 1, lanes).astype(np.float16).view(np.uint16),
        }
        for _ in range(50)
    ]
    dut = Fp16Dot(lanes=lanes, tree_register_every=1, product_register=True, subnormals=True)
    assert run(dut, cases) == [dot_product(**case, subnormals=True) for case in cases]


def test_order_of_additions():
    # 2048 + 1 is a tie, to the even 2048; 2050 + 1 is one, to the even 2052.
    one, big = 0x3C00, 0x6800
    tree = Fp16AdderTree(operands=3, register_every=1, subnormals=True)
    sums = run(tree, [{"operands": [big, one, one]}, {"operands": [one, one, big]}])
    assert sums == [0x6800, 0x6801]
    tree = Fp16AdderTree(operands=5, register_every=1, subnormals=True)
    assert run(tree, [{"operands": [big, one, one, one, one]}]) == [0x6802]


def test_latency():
    dut = Fp16Dot(lanes=64, tree_register_every=1, product_register=True, subnormals=True)
    assert dut.latency == 7
    assert Fp16AdderTree(operands=64, register_every=4, subnormals=True).latency == 1
    # Three registers in each of six levels of adders, one behind each level, and those of products.
    piped = {"multiplier_stages": 4, "adder_stages": 4}
    dut = Fp16Dot(lanes=64, tree_register_every=1, product_register=True, subnormals=True, **piped)
    assert dut.latency == 6 * 4 + 4
