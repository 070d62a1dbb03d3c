import numpy as np
import pytest

from bitnet_hw.gates.baseline_operands import BaselineOperands, draw_baseline_operands, quantise
from bitnet_hw.gates.baseline_parts import baseline_row
from bitnet_hw.gates.baseline_stimulus import (
    baseline_design,
    baseline_stimulus,
    dot_products,
)
from rtl.geometry import Geometry

GEOMETRY = Geometry(rows=2, lanes=4, weight_bus_bits=16, max_tokens=2, max_k=8, output_bus_words=1)
WEIGHTS = np.array([[1, 2, -128, 4, 5, 6, 7, 8]] * 4, np.int8)
ACTIVATIONS = np.array([[1, 1, -128, 0, 1, 1, 1, 1], [0, 0, 0, 100, 2, 0, 0, 0]], np.int8)


def integers(bits):
    values = (bits.astype(np.int64) << np.arange(bits.shape[-1])).sum(axis=-1)
    return values - (bits[..., -1].astype(np.int64) << bits.shape[-1])


def test_an_int8_row_adds_its_k_tiles_token_by_token():
    row = baseline_row(GEOMETRY, "int8")
    operands = BaselineOperands("hand", "by hand", WEIGHTS, ACTIVATIONS)
    stimulus = baseline_stimulus("row", GEOMETRY, row, operands, tokens=2, steps=16)
    totals = integers(stimulus.expected["total"])[0, row.dot_latency + 1 :]
    # 1 + 2 + 16384 for the first token and 400 for the second; then 26 and 10 on top.
    assert totals[:4].tolist() == [16387, 400, 16413, 410]


def test_halves_are_added_in_pairs_and_rounded_each_time():
    weights = np.ones(4, np.float16)
    activations = np.array([2048, 1, 1, 1], np.float16)
    # 2048 + 1 is a tie in FP16 and stays 2048; then 2 on top of that is exact.
    assert dot_products(weights, activations) == 2050
    assert float(activations.astype(np.float64).sum()) == 2051


def test_quantised_by_the_largest():
    numbers = np.array([[0.5, -1.0, 0.0]], np.float32)
    assert quantise(numbers, np.float32(1)).tolist() == [[64, -127, 0]]
    assert quantise(np.zeros((1, 2), np.float32), np.float32(0)).tolist() == [[0, 0]]


@pytest.mark.parametrize("number_format", ["int8", "fp16"])
def test_every_part_has_a_stimulus_of_its_own_ports(number_format):
    design = baseline_design(GEOMETRY, number_format)
    operands = draw_baseline_operands("uniform", number_format)
    assert {part.name for part in design.parts} >= {"row", "activations"}
    for part in design.parts:
        stimulus = design.stimulus(part.name, operands, 2)
        for name in (*stimulus.inputs, *stimulus.expected):
            assert f"{name}" in part.verilog
        assert stimulus.cycles > stimulus.skipped >= 1
