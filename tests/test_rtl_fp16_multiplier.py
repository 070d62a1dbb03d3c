from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest
from amaranth.sim import Simulator

from rtl.fp16_multiplier import Fp16Multiplier

HERE = Path(__file__).parent
reference = SimpleNamespace(**run_path(str(HERE / "fp16_reference.py")))
verilated = SimpleNamespace(**run_path(str(HERE / "verilated.py")))

MODES = (True, False)
STAGES = (1, 2, 3, 4)
VARIANTS = [(mode, stages) for mode in MODES for stages in STAGES]


@pytest.fixture(scope="module")
def hardware(tmp_path_factory):
    """Both modes of the multiplier, in any number of stages, as functions of arrays of operands."""
    components = [Fp16Multiplier(subnormals=mode, stages=stages) for mode, stages in VARIANTS]
    return verilated.compile_function(components, "product", tmp_path_factory.mktemp("multiplier"))


def check(hardware, a, b):
    results = hardware(a, b)
    for (mode, stages), column in zip(VARIANTS, results.T, strict=True):
        expected = reference.operate(np.multiply, a, b, subnormals=mode)
        wrong = np.flatnonzero(column != expected)
        assert not wrong.size, [
            f"{stages} stages, {a[i]:#06x} {b[i]:#06x}: {column[i]:#06x}, not {expected[i]:#06x}"
            for i in wrong[:9]
        ]


def test_every_exponent_crossed_with_every_other(hardware):
    check(hardware, *reference.crossed(reference.corners(), reference.corners()))


def test_random_operands(hardware):
    check(hardware, *np.random.default_rng(1).integers(0, 1 << 16, (2, 1 << 20), np.uint16))


def test_random_operands_about_the_least_normal_number(hardware):
    rng = np.random.default_rng(2)
    a = rng.integers(0, 1 << 16, 1 << 19, np.uint16)
    # The exponent that brings the product to between 2**-26 and 2**-12.
    exponent = np.clip(15 - (a >> 10 & 31).astype(int) + rng.integers(-11, 3, a.size), 0, 30)
    b = rng.integers(0, 1 << 10, a.size) + (exponent << 10) + (rng.integers(0, 2, a.size) << 15)
    check(hardware, a, b.astype(np.uint16))


@pytest.mark.long
def test_every_number_by_every_corner(hardware):
    for corner in reference.corners():
        numbers = np.arange(1 << 16, dtype=np.uint16)
        check(hardware, numbers, np.full_like(numbers, corner))
        check(hardware, np.full_like(numbers, corner), numbers)


@pytest.mark.parametrize(
    ("a", "b", "product", "flushed"),
    [
        (0x3C00, 0xC000, 0xC000, 0xC000),  # 1 x -2
        (0x3555, 0x4200, 0x3C00, 0x3C00),  # 1/3, rounded down, x 3: a tie, to the even 1
        (0x3C01, 0x3C01, 0x3C02, 0x3C02),  # (1 + 2**-10)**2, rounded down
        (0x3C20, 0x3C30, 0x3C52, 0x3C52),  # (1 + 2**-5)(1 + 3 x 2**-6): a tie, up to the even one
        (0x7BFF, 0x3C00, 0x7BFF, 0x7BFF),  # 65504 x 1
        (0x7BFF, 0x3C01, 0x7C00, 0x7C00),  # 65504 (1 + 2**-10) = 65568: above 65520, infinite
        (0x0400, 0x3800, 0x0200, 0x0000),  # 2**-14 / 2 is subnormal
        (0x8001, 0x3800, 0x8000, 0x8000),  # -2**-24 / 2: a tie, to the even -0
        (0x0001, 0x7800, 0x1800, 0x0000),  # 2**-24 x 2**15 = 2**-9
        (0x0001, 0x7C00, 0x7C00, 0x7E00),  # a subnormal number that counts as zero x infinity
        (0x07FF, 0x3800, 0x0400, 0x0000),  # just below 2**-14: rounded up, or zero
        (0x8000, 0x3C00, 0x8000, 0x8000),  # -0 x 1
        (0x0000, 0xFC00, 0x7E00, 0x7E00),  # 0 x -infinity
        (0xFC00, 0xFC00, 0x7C00, 0x7C00),
        (0xFD55, 0x3C00, 0x7E00, 0x7E00),  # any NaN is the one NaN
    ],
)
def test_literals(a, b, product, flushed):
    for mode, expected in zip(MODES, (product, flushed), strict=True):
        dut = Fp16Multiplier(subnormals=mode)

        async def bench(ctx, dut=dut, expected=expected):
            ctx.set(dut.a, a)
            ctx.set(dut.b, b)
            assert ctx.get(dut.product) == expected

        simulator = Simulator(dut)
        simulator.add_testbench(bench)
        simulator.run()
