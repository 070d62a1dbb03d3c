from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from bitnet_hw.gates.activity import Activity
from bitnet_hw.gates.cells import Cell, ClockGate, Pin
from bitnet_hw.gates.liberty import LibertyText
from bitnet_hw.gates.netlist import Instance, Netlist
from bitnet_hw.gates.power import PowerModel
from bitnet_hw.gates.read_cells import read_cells

_LIBERTY = run_path(str(Path(__file__).with_name("tiny_liberty.py")))
TINY = _LIBERTY["TINY"]

A, B, N, Y, Q, CLOCK = 2, 3, 4, 5, 6, 7


def model(group="part", **settings):
    netlist = Netlist(
        instances=(
            Instance("NAND2", group, {"A": A, "B": B, "Y": N}),
            Instance("INV", group, {"A": N, "Y": Y}),
            Instance("DFF", "registers", {"CK": CLOCK, "D": Y, "Q": Q}),
        ),
        inputs={"a": [A], "b": [B]},
        outputs={"q": [Q]},
        clock=CLOCK,
    )
    cells = read_cells(LibertyText(TINY, "tiny.lib"), netlist.cells)
    return PowerModel(netlist, cells, voltage_v=1.0, **settings)


def activity(*toggles):
    return Activity(np.array(toggles), np.full(len(toggles), 0.5), 1)


def test_area_and_leakage_by_group():
    assert model().areas_um2 == {"part": 3, "registers": 5}
    assert model().leakage_nw == {"part": 6, "registers": 1}


def test_loads_are_the_input_pins_of_a_net():
    assert model().loads_ff == {A: 1.5, B: 1.5, N: 1, Y: 1, CLOCK: 2}


def test_the_slew_is_that_of_the_outputs():
    assert model().slew_ps == pytest.approx(10)


def test_energies_by_hand():
    energies = model().energies_fj(activity(0.5, 0.25, 0.4, 0.4, 0.2), period_ps=1000)

    assert energies["part"] == pytest.approx({
        # 1/2 V^2 (1.5 fF x 0.5 + 1.5 fF x 0.25 + 1 fF x 0.4)
        "switching": 0.7625,
        # The inverter 0.4 x (0.3 + 0.1) / 2; pin A of the NAND 0.5 x (0.4 + 0.2) / 2 x P(!B).
        "internal": 0.08 + 0.075,
        "clock switching": 0,
        "clock internal": 0,
        # 6 nW for 1 ns.
        "leakage": 0.006,
    })
    assert energies["registers"] == pytest.approx({
        "switching": 0.2,
        "internal": 0.2 * 1.5,
        # Two toggles of 2 fF; two of (0.6 + 0.4) / 2 at the supply, and as much at ground.
        "clock switching": 2.0,
        "clock internal": 2.0,
        "leakage": 0.001,
    })


def test_as_opensta_counts():
    energies = model(as_opensta=True).energies_fj(activity(0.5, 0.25, 0.4, 0.4, 0.2), 1000)

    assert energies["registers"]["clock internal"] == pytest.approx(2.0)
    assert energies["registers"]["clock switching"] == 0
    assert energies["part"]["switching"] == pytest.approx(0.2)


def gated(**settings):
    """Return a flip-flop behind a clock gate whose enable is A."""
    gate = Cell(
        name="GATE",
        area_um2=4,
        leakage_nw=0,
        clock_pin="C",
        gate=ClockGate("C", "E", "G"),
        pins={
            "C": Pin(False, 1, "", (), ()),
            "E": Pin(False, 1, "", (), ()),
            "G": Pin(True, 0, "", (), ()),
        },
    )
    netlist = Netlist(
        instances=(
            Instance("GATE", "part", {"C": CLOCK, "E": A, "G": N}),
            Instance("DFF", "registers", {"CK": N, "D": B, "Q": Q}),
        ),
        inputs={"a": [A], "b": [B]},
        outputs={"q": [Q]},
        clock=CLOCK,
    )
    cells = read_cells(LibertyText(TINY, "tiny.lib"), {"DFF"})
    return PowerModel(netlist, {**cells, "GATE": gate}, voltage_v=1.0, **settings)


def test_a_gated_clock_runs_while_it_is_enabled():
    # Enabled in half of all cycles: of 2 fF and of 1 fJ for each toggle, half.
    energies = gated().energies_fj(activity(0, 0, 0, 0), period_ps=1000)["registers"]

    assert energies["clock switching"] == pytest.approx(1.0)
    assert energies["clock internal"] == pytest.approx(1.0)


def test_for_opensta_a_gated_clock_always_runs():
    energies = gated(as_opensta=True).energies_fj(activity(0, 0, 0, 0), 1000)["registers"]

    assert energies["clock switching"] == pytest.approx(2.0)
    assert energies["clock internal"] == pytest.approx(2.0)


def test_nothing_toggles_but_the_clock():
    energies = model().energies_fj(activity(0, 0, 0, 0, 0), period_ps=1000)

    assert energies["part"]["switching"] == energies["part"]["internal"] == 0
    assert energies["registers"]["clock switching"] == pytest.approx(2.0)


def test_what_is_counted_elsewhere_is_kept_apart():
    energies = model(group=None).energies_fj(activity(0.5, 0.25, 0.4, 0.4, 0.2), 1000)

    assert set(energies) == {None, "registers"}


def test_constants_do_not_toggle():
    netlist = Netlist(
        instances=(Instance("NAND2", "part", {"A": -2, "B": A, "Y": N}),),
        inputs={"a": [A]},
        outputs={"n": [N]},
        clock=CLOCK,
    )
    cells = read_cells(LibertyText(TINY, "tiny.lib"), {"NAND2"})
    energies = PowerModel(netlist, cells, 1.0).energies_fj(activity(1.0, 1.0), 1000)

    assert energies["part"]["switching"] == pytest.approx(0.75)
    assert energies["part"]["internal"] == 0
