"""OpenSTA's power by its own rules: by hand on a few cells, and on a whole array of osu018."""

from pathlib import Path
from runpy import run_path

import pytest

from benchmarks.opensta_power import rows_of
from benchmarks.opensta_rules import OpenstaRules
from bitnet_hw.config import load_config
from bitnet_hw.gates.library import find_library

_LIBERTY = run_path(str(Path(__file__).with_name("tiny_liberty.py")))
TINY = _LIBERTY["TINY"]
SLEWS = dict.fromkeys(("A", "B", "Y", "CK", "D", "Q"), (10.0, 10.0))


@pytest.fixture
def rules(tmp_path):
    def of(old="", new=""):
        folder = _LIBERTY["write_tiny"](tmp_path / "tiny", TINY.replace(old, new))
        return OpenstaRules(find_library(str(folder)), {"INV", "NAND2", "DFF"})

    return of


def test_each_state_leaks_twice(rules):
    assert rules().leakage_nw("INV") == 2
    # 2 x (3 + 5) / 2, where the mean is 4.
    assert rules().leakage_nw("NAND2") == 8


def test_outputs_that_a_state_names_halve_nothing(rules):
    # 2 x (1 + 2 + 4 + 8) / 4, over the inputs alone.
    states = "".join(
        f'leakage_power () {{ when : "{when}"; value : {value}; }}'
        for when, value in {"A*B*!Y": 1, "A*!B*Y": 2, "!A*B*Y": 4, "!A*!B*Y": 8}.items()
    )
    tail = TINY[TINY.index("cell (NAND2)") :]
    old = tail[tail.index("leakage_power") : tail.index("    pin (A)")]
    assert rules(old, states).leakage_nw("NAND2") == 7.5


def test_a_toggle_takes_a_rise_and_a_fall(rules):
    # 0.2 x (0.3 + 0.1); our mean of both is half of it.
    assert rules().internal_fj("INV", "Y", SLEWS, 1, (), 0.2) == pytest.approx(0.08)
    # With !B half of the time: 0.2 x 0.5 x (0.4 + 0.2).
    assert rules().internal_fj("NAND2", "A", SLEWS, 0, (), 0.2) == pytest.approx(0.06)


def test_ground_does_not_count_where_it_has_no_conditions(rules):
    # Twice 0.6 + 0.4; with the ground it would be twice as much.
    assert rules().internal_fj("DFF", "CK", SLEWS, 0, {"CK"}, 0.2) == pytest.approx(2.0)
    # An output behind a clock: 0.2 x (1.0 + 2.0).
    assert rules().internal_fj("DFF", "Q", SLEWS, 0, {"CK"}, 0.2) == pytest.approx(0.6)


def test_terms_are_taken_for_independent(rules):
    # 1 - (1 - 1/2) (1 - 1/4) = 5/8, where A + !A B is 3/4.
    found = rules('when : "!B"', 'when : "(A) + (!A * B)"')
    assert found.internal_fj("NAND2", "A", SLEWS, 0, (), 0.2) == pytest.approx(0.2 * 0.625 * 0.6)


@pytest.mark.long
def test_by_its_rules_and_slews_our_sums_are_those_of_opensta():
    # Debian's qflow-tech-osu018 and opensta, which CI installs.
    rows = list(rows_of(load_config("tiny", {"clock_mhz": 100}), find_library("osu018")))

    assert {row.part for row in rows} == {"row", "loader", "operands"}
    for row in rows:
        assert row.rules_and_slews == pytest.approx(row.opensta, rel=2e-3), row
