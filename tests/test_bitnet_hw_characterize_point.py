"""Points of a sweep in the cells of a tiny library."""

from pathlib import Path
from runpy import run_path

import pytest

from bitnet_hw.evaluators import EVALUATORS
from bitnet_hw.explore_files import workload_text
from bitnet_hw.gates.flow import characterize_array
from bitnet_hw.gates.library import find_library
from bitnet_hw.gates.operands import draw_operands
from bitnet_hw.sweep import load_sweep
from bitnet_hw.sweep_point import evaluate_point

# The first run of Yosys on a machine compiles it for a minute.
pytestmark = pytest.mark.long

_LIBERTY = run_path(str(Path(__file__).with_name("tiny_liberty.py")))
CHARACTERIZE = EVALUATORS["characterize"]


@pytest.fixture
def sweep(tmp_path):
    library = _LIBERTY["write_tiny"](tmp_path / "tiny")
    path = tmp_path / "s.yaml"
    path.write_text(
        "base:\n  array: {rows: 4, lanes: 4, weight_bus_bits: 32, max_tokens: 2, max_k: 16, "
        "output_bus_words: 1}\n"
        "  clock_mhz: 100\n"
        f"evaluate: characterize\nlibrary: {library}\noperands: uniform\n"
        "sweep: {array.lane_style: [select, nonsense]}\n"
    )
    return load_sweep(path)


def test_a_row_has_the_figures_of_the_flow(sweep, tmp_path):
    row = evaluate_point(sweep.point(0), CHARACTERIZE.fields)
    assert row["error"] is None
    library = find_library(str(tmp_path / "tiny"))
    found = characterize_array(sweep.point(0).config(), library, [draw_operands("uniform")])
    assert row["area_um2"] == found.area_um2
    assert row["area_um2_per_mac"] == found.area_um2 / 16
    energies = {stream.tokens: stream.fj_per_mac for stream in found.streams}
    assert row["fj_per_mac.new"] == energies[1]
    assert row["fj_per_mac.kept"] == energies[2]
    assert row["array.lanes"] == 4
    assert set(CHARACTERIZE.objectives) <= row.keys()
    assert workload_text(sweep) == f"in the cells of {tmp_path / 'tiny'}, operands uniform"


def test_a_wrong_array_is_a_row_with_its_error(sweep):
    row = evaluate_point(sweep.point(1), CHARACTERIZE.fields)
    assert "lane_style must be one of" in row["error"]
