"""Single operations in cells."""

from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from bitnet_hw.gates.library import find_library
from bitnet_hw.gates.unit_parts import UNITS, measure_unit, unit_part, unit_stimulus

_LIBERTY = run_path(str(Path(__file__).with_name("tiny_liberty.py")))


def numbers(bits):
    """Return the numbers that bits of a stimulus stand for."""
    return bits[0].astype(np.int64) @ (1 << np.arange(bits.shape[2]))


def test_results_follow_operands_by_a_cycle():
    stimulus = unit_stimulus("int8_add", operations=50)
    a, b = numbers(stimulus.inputs["a"]), numbers(stimulus.inputs["b"])
    result = numbers(stimulus.expected["result"])
    assert (result[2:] == (a[1:-1] + b[1:-1]) % 256).all()
    assert (stimulus.skipped, stimulus.steps, stimulus.cycles) == (2, 48, 50)


def test_products_and_sums_of_halves():
    for name, operation in {"fp16_add": np.add, "fp16_multiply": np.multiply}.items():
        stimulus = unit_stimulus(name, operations=200)
        a, b, result = (
            numbers(bits).astype(np.uint16).view(np.float16)
            for bits in (*stimulus.inputs.values(), stimulus.expected["result"])
        )
        expected = operation(a[1:-1], b[1:-1])
        normal = np.abs(expected) >= 2.0**-14
        assert normal.sum() > 180
        assert (result[2:][normal] == expected[normal]).all()
        assert (result[2:][~normal] == 0).all()


def test_a_register_takes_two_cycles():
    stimulus = unit_stimulus("register", operations=20)
    assert list(stimulus.inputs) == ["a"]
    assert (stimulus.expected["result"][0, 3:] == stimulus.inputs["a"][0, 1:-2]).all()


@pytest.mark.parametrize("name", list(UNITS))
def test_operands_come_from_registers_outside(name):
    part = unit_part(name)
    assert part.top == f"unit_{name}_top"
    assert f"unit_{name} it(.a(a_q)" in part.verilog


@pytest.mark.long
def test_measured_in_cells(tmp_path):
    library = find_library(str(_LIBERTY["write_tiny"](tmp_path / "tiny")))
    register = measure_unit("register", library, clock_mhz=100, root=tmp_path)
    # A flip-flop of 5 um2 and 1 nW; its clock takes 1 fJ at each rail and 2 fF at 1 V, its input
    # 0.5 fJ and its output 1.5 fJ for each of the toggles that half of the cycles have.
    assert (register.area_um2, register.leakage_nw) == (5, 1)
    assert register.energy_fj == pytest.approx(2 * 1 + 2 + 0.5 * (0.5 + 1.5), rel=0.02)
    adder = measure_unit("fp16_add", library, clock_mhz=100, root=tmp_path)
    assert adder.area_um2 > 16 * 40
    files = list(tmp_path.glob("unit-*.json"))
    assert len(files) == 2
    # The second time it is read, whatever it says.
    for file in files:
        file.write_text('{"energy_fj": 1, "area_um2": 2, "leakage_nw": 3}')
    assert measure_unit("fp16_add", library, clock_mhz=100, root=tmp_path).area_um2 == 2
    # Half a file, as a process leaves it that is killed while it writes, is no figure.
    for file in files:
        file.write_text('{"energy_fj": 1, "are')
    assert measure_unit("fp16_add", library, clock_mhz=100, root=tmp_path) == adder
