"""The benchmark's simulators of one accelerator agree, and it notices if they do not."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import simulator_list, simulators
from bitnet_hw.errors import ConfigError, SimulationFailed
from sim.errors import SimulationTimedOut
from sim.operands import JobOperands

GEOMETRY = simulators.parse_array("4x8")


@pytest.fixture
def operands():
    generator = np.random.default_rng(1)
    # Ragged in both directions: 2 row tiles and 3 lane tiles.
    return JobOperands(
        generator.integers(-128, 128, (1, 21), np.int8), generator.integers(-1, 2, (7, 21), np.int8)
    )


def test_amaranth(operands):
    speed = simulators.measure("amaranth", GEOMETRY, operands, 60.0)
    assert (speed.array, speed.simulator) == ("4x8", "Amaranth's simulator")
    assert speed.results_compared == 7 * (1 + 5)
    assert speed.cycles == simulator_list.predicted(GEOMETRY, [operands] * 5)
    assert speed.macs_per_s / speed.cycles_per_s == pytest.approx(21 * 7 / (2 * 3), rel=0.5)


@pytest.mark.long
@pytest.mark.parametrize("name", ["compiled", "cxxrtl", "cxxrtl-flat", "cocotb"])
def test_compiled_simulators(name, operands, monkeypatch):
    monkeypatch.setitem(
        simulator_list.SIMULATORS, name, replace(simulator_list.SIMULATORS[name], jobs=3000)
    )
    speed = simulators.measure(name, GEOMETRY, operands, 600.0)
    assert speed.results_compared == 7 * (1 + 3001)
    assert speed.cycles == simulator_list.predicted(GEOMETRY, [operands] * 3001)
    assert speed.build_s > 1


@pytest.mark.parametrize(
    ("change", "message"), [((1, 0), r"results must be"), ((0, 1), r"must come in cycle \d+, not")]
)
def test_differences_are_found(operands, monkeypatch, change, message):
    def prepare(*arguments):
        run = simulator_list.prepare_amaranth(*arguments)

        def wrong(jobs):
            stream, last = run(jobs)
            return stream + change[0], last + change[1]

        return wrong

    monkeypatch.setitem(
        simulator_list.SIMULATORS, "wrong", simulator_list.Simulator("Wrong", prepare, 1)
    )
    with pytest.raises(SimulationFailed, match=rf"^Wrong, 4x8, 1 jobs: .*{message}"):
        simulators.measure("wrong", GEOMETRY, operands, 60.0)


def test_a_build_that_takes_too_long(operands, monkeypatch, capsys):
    def prepare(*_):
        raise SimulationTimedOut("too long")

    monkeypatch.setitem(
        simulator_list.SIMULATORS, "slow", simulator_list.Simulator("Slow", prepare, 1)
    )
    speed = simulators.measure("slow", GEOMETRY, operands, 1.0)
    assert speed.macs_per_s is None
    simulators.main(["4x8"], ["slow"])
    assert "too long" in capsys.readouterr().out
    simulators.main(["4x8"], ["slow"], output_format=simulators.Format.JSON)
    [row] = json.loads(capsys.readouterr().out)["simulators"]
    assert (row["array"], row["simulator"], row["cycles_per_s"]) == ("4x8", "Slow", None)


@pytest.mark.parametrize("text", ["16", "16x", "0x4", "4x-8", "axb"])
def test_wrong_arrays(text):
    with pytest.raises(
        ConfigError, match=rf"^--array must be rows x lanes, such as 16x16, not '{text}'$"
    ):
        simulators.parse_array(text)


def test_wrong_simulator():
    with pytest.raises(ConfigError, match=r"^--simulator must be one of compiled, .* not vcs$"):
        simulators.main(simulator=["vcs"])
