"""Every row leads back to its point, and the best one to its estimate."""

import pytest

from bitnet_hw.explore import run_sweep
from bitnet_hw.sweep import load_sweep
from bitnet_hw.sweep_design import best_design, point_of_row

SWEEP = """
base: edge
model: bitnet-b1.58-3b
sweep:
  memory: [lpddr5x-64, {base: hbm3-stack, efficiency: 0.6}]
  array.rows: [4, 8, 100000000]
  array.weight_bus_bits: [512, auto]
  context: {from: 64, to: 256, log2: true}
objectives: {energy_per_token_j: min, tokens_per_second: max}
"""


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweep") / "sweep.yaml"
    path.write_text(SWEEP)
    return load_sweep(path)


def test_rows_lead_back_to_their_points(sweep):
    exploration = run_sweep(sweep)
    assert len(exploration.rows) == sweep.points == 36
    for index, row in enumerate(exploration.rows):
        assert point_of_row(sweep, row) == sweep.point(index)


def test_best_in_the_first_objective(sweep):
    exploration = run_sweep(sweep)
    design = best_design(sweep, exploration)
    energies = [row.get("energy_per_token_j") for row in exploration.rows]
    assert design.energy_per_token_j == min(energy for energy in energies if energy is not None)
    assert design.context == 64


def test_simulated_sweeps_have_no_estimate():
    sweep = load_sweep("rtl-array-size")
    assert best_design(sweep, run_sweep(load_sweep("array-size"))) is None
