from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest
from amaranth.sim import Simulator

from rtl.fp16_adder import Fp16Adder

HERE = Path(__file__).parent
reference = SimpleNamespace(**run_path(str(HERE / "fp16_reference.py")))
verilated = SimpleNamespace(**run_path(str(HERE / "verilated.py")))

MODES = (True, False)
STAGES = (1, 2, 3, 4)
VARIANTS = [(mode, stages) for mode in MODES for stages in STAGES]


@pytest.fixture(scope="module")
def hardware(tmp_path_factory):
    """Both modes of the adder, in any number of stages, as functions of arrays of operands."""
    components = [Fp16Adder(subnormals=mode, stages=stages) for mode, stages in VARIANTS]
    return verilated.compile_function(components, "sum", tmp_path_factory.mktemp("adder"))


def check(hardware, a, b):
    results = hardware(a, b)
    for (mode, stages), column in zip(VARIANTS, results.T, strict=True):
        expected = reference.operate(np.add, a, b, subnormals=mode)
        wrong = np.flatnonzero(column != expected)
        assert not wrong.size, [
            f"{stages} stages, {a[i]:#06x} {b[i]:#06x}: {column[i]:#06x}, not {expected[i]:#06x}"
            for i in wrong[:9]
        ]


def test_every_exponent_crossed_with_every_other(hardware):
    check(hardware, *reference.crossed(reference.corners(), reference.corners()))


def test_random_operands(hardware):
    check(hardware, *np.random.default_rng(1).integers(0, 1 << 16, (2, 1 << 20), np.uint16))


def test_random_operands_of_near_exponents(hardware):
    rng = np.random.default_rng(2)
    a = rng.integers(0, 1 << 16, 1 << 20, np.uint16)
    # From far cancellation to the distance from which only a bit of the smaller number is left.
    exponent = np.clip((a >> 10 & 31).astype(int) + rng.integers(-14, 15, a.size), 0, 30)
    b = rng.integers(0, 1 << 10, a.size) + (exponent << 10) + (rng.integers(0, 2, a.size) << 15)
    check(hardware, a, b.astype(np.uint16))


@pytest.mark.long
def test_every_number_and_every_corner(hardware):
    for corner in reference.corners():
        numbers = np.arange(1 << 16, dtype=np.uint16)
        check(hardware, numbers, np.full_like(numbers, corner))
        check(hardware, np.full_like(numbers, corner), numbers)


@pytest.mark.parametrize(
    ("a", "b", "total", "flushed"),
    [
        (0x3C00, 0x4000, 0x4200, 0x4200),  # 1 + 2
        (0x3C00, 0xBBFF, 0x1000, 0x1000),  # 1 - (1 - 2**-11) = 2**-11
        (0x3C00, 0x1000, 0x3C00, 0x3C00),  # 1 + 2**-11: a tie, to the even 1
        (0x3C01, 0x1000, 0x3C02, 0x3C02),  # 1 + 2**-10 + 2**-11: a tie, up to the even one
        (0x3C00, 0x1001, 0x3C01, 0x3C01),  # a little more than a tie
        (0x3C00, 0x8C01, 0x3BFF, 0x3BFF),  # 1 - 2**-12 (1 + 2**-10): more than half below 1
        (0x3C00, 0x8C00, 0x3C00, 0x3C00),  # 1 - 2**-12: a tie, to the even 1
        (0x7BFF, 0x4BFF, 0x7BFF, 0x7BFF),  # 65504 + 15.99
        (0x7BFF, 0x4C00, 0x7C00, 0x7C00),  # 65504 + 16 = 65520 is infinite
        (0x3C00, 0xBC00, 0x0000, 0x0000),  # 1 - 1 = +0
        (0x8000, 0x8000, 0x8000, 0x8000),  # -0 - 0
        (0x8000, 0x0000, 0x0000, 0x0000),
        (0x0001, 0x03FF, 0x0400, 0x0000),  # subnormal numbers add up to the least normal one
        (0x8400, 0x0401, 0x0001, 0x0000),  # normal numbers leave a subnormal one
        (0x0400, 0x8401, 0x8001, 0x8000),
        (0x7C00, 0xFBFF, 0x7C00, 0x7C00),
        (0x7C00, 0xFC00, 0x7E00, 0x7E00),  # infinity - infinity
        (0xFC00, 0xFC00, 0xFC00, 0xFC00),
        (0x3C00, 0xFC01, 0x7E00, 0x7E00),  # any NaN is the one NaN
    ],
)
def test_literals(a, b, total, flushed):
    for mode, expected in zip(MODES, (total, flushed), strict=True):
        dut = Fp16Adder(subnormals=mode)

        async def bench(ctx, dut=dut, expected=expected):
            ctx.set(dut.a, a)
            ctx.set(dut.b, b)
            assert ctx.get(dut.sum) == expected

        simulator = Simulator(dut)
        simulator.add_testbench(bench)
        simulator.run()
