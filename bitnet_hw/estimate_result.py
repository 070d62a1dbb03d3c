"""What an estimate holds, and how it is reported."""

from dataclasses import asdict, dataclass, field
from typing import Any

from bitnet_hw.baseline import Baseline
from bitnet_hw.config import Config
from bitnet_hw.energy import ASSUMPTIONS, EDGES, NOT_COUNTED, SCOPES, Ledger
from bitnet_hw.model import Model
from bitnet_hw.paper import Comparison
from bitnet_hw.timing import BOUNDS

__all__ = ["Estimate", "OperatorEstimate"]


@dataclass(frozen=True, kw_only=True)
class OperatorEstimate:
    """One kind of operator, all its runs in a step together.

    Parameters
    ----------
    name : str
        ``"qkv_proj"``, ``"attention"``, ``"lm_head"``, ...
    unit : str
        ``"array"`` or ``"vector"``.
    runs : int
        How often it runs: layers times chunks of tokens.
    cycles : int
        Clock cycles of all runs.
    seconds : float
        Duration of all runs.
    macs : int
        Multiply-accumulates of matrix products.
    dram_bytes : int
        Bytes read from and written to memory.
    energy_j : float
        Energy, scope `system`, without the background power of the memory.
    bound : str
        What limits it (its longest part): ``"compute"``, ``"weights"`` or ``"memory"``.
    """

    name: str
    unit: str
    runs: int
    cycles: int
    seconds: float
    macs: int
    dram_bytes: int
    energy_j: float
    bound: str


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What one step takes: a token for each sequence (decode), or whole prompts (prefill).

    Parameters
    ----------
    config : Config
        The accelerator.
    model : Model
        The model.
    phase : str
        ``"decode"`` or ``"prefill"``.
    batch, context : int
        Sequences, and tokens of each when the step ends.
    tokens : int
        Tokens that the step processes.
    cycles : int
        Clock cycles of the step.
    ternary_macs, ternary_cycles : int
        Multiply-accumulates of the BitLinear layers, and the cycles they take.
    operators : tuple of OperatorEstimate
        Where the time goes.
    bound_seconds : dict
        Time by what limits it.
    memory_bytes, dram_bytes : dict
        What is stored, and what is transferred in the step, by kind.
    energy_j : dict of dict
        Energy of the step by component, for the low, nominal and high end of the published figures.
    ledger : Ledger
        The events behind the energy.
    baselines : tuple of Baseline
        The same step on multiplier arrays.
    comparisons : tuple of Comparison
        The paper's ratios beside ours; for decode only.
    """

    config: Config
    model: Model
    phase: str
    batch: int
    context: int
    tokens: int
    cycles: int
    ternary_macs: int
    ternary_cycles: int
    operators: tuple[OperatorEstimate, ...]
    bound_seconds: dict[str, float]
    memory_bytes: dict[str, int]
    dram_bytes: dict[str, int]
    energy_j: dict[str, dict[str, float]]
    ledger: Ledger
    baselines: tuple[Baseline, ...]
    comparisons: tuple[Comparison, ...] = field(default=())

    @property
    def seconds(self) -> float:
        """Duration of the step."""
        return self.cycles / self.config.clock_hz

    @property
    def seconds_per_token(self) -> float:
        """Duration of the step over its tokens."""
        return self.seconds / self.tokens

    @property
    def tokens_per_second(self) -> float:
        """Tokens of the step over its duration, all sequences together."""
        return self.tokens / self.seconds

    @property
    def utilization(self) -> float:
        """Share of the array's peak that the whole step uses."""
        return self.ternary_macs / (self.config.array.macs_per_cycle * self.cycles)

    @property
    def array_utilization(self) -> float:
        """Share of the array's peak while it works on BitLinear layers, fill and drain included."""
        return self.ternary_macs / (self.config.array.macs_per_cycle * self.ternary_cycles)

    @property
    def bound(self) -> str:
        """What limits the largest share of the time."""
        return max(BOUNDS, key=lambda bound: self.bound_seconds[bound])

    @property
    def bits_per_weight(self) -> float:
        """Bits stored and streamed for each ternary weight, padding included."""
        return 8 * self.memory_bytes["ternary_weights"] / self.model.ternary_parameters

    def step_energy_j(self, scope: str = "system", edge: str = "nominal") -> float:
        """Return the energy of the step within a scope."""
        energy = self.energy_j[edge]
        return sum(energy.get(component, 0.0) for component in SCOPES[scope])

    @property
    def energy_per_token_j(self) -> float:
        """Energy of a token, scope `system`."""
        return self.step_energy_j() / self.tokens

    def ratios(self, baseline: Baseline) -> dict[str, float]:
        """Return how many times more a baseline takes: energy, memory and time."""
        return {
            "energy": baseline.energy_j / self.step_energy_j(),
            "memory": baseline.memory_bytes / sum(self.memory_bytes.values()),
            "speed": baseline.cycles / self.cycles,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values; energies are per token, with their scope."""
        breakdown = self.energy_j["nominal"]
        return {
            "name": self.config.name,
            "model": self.model.name,
            "phase": self.phase,
            "batch": self.batch,
            "context": self.context,
            "scope": "system",
            "technology": self.config.technology.name,
            "memory": self.config.memory.name,
            "clock_mhz": self.config.clock_mhz,
            "array": asdict(self.config.array),
            "macs_per_cycle": self.config.array.macs_per_cycle,
            "tokens": self.tokens,
            "cycles": self.cycles,
            "seconds": self.seconds,
            "seconds_per_token": self.seconds_per_token,
            "tokens_per_second": self.tokens_per_second,
            "utilization": self.utilization,
            "array_utilization": self.array_utilization,
            "bound": self.bound,
            "bound_seconds": self.bound_seconds,
            "energy_per_token_j": self.energy_per_token_j,
            "energy_per_token_range_j": {
                edge: self.step_energy_j(edge=edge) / self.tokens for edge in EDGES
            },
            "energy_per_token_by_scope_j": {
                scope: self.step_energy_j(scope) / self.tokens for scope in SCOPES
            },
            "energy_breakdown_j": {
                component: breakdown.get(component, 0.0) / self.tokens
                for component in SCOPES["system"]
            },
            "memory_bytes": {**self.memory_bytes, "total": sum(self.memory_bytes.values())},
            "dram_bytes": {**self.dram_bytes, "total": sum(self.dram_bytes.values())},
            "bits_per_weight": self.bits_per_weight,
            "layers": [asdict(operator) for operator in self.operators],
            "baselines": {
                baseline.name: {
                    "tokens_per_second": self.tokens / baseline.seconds,
                    "energy_per_token_j": baseline.energy_j / self.tokens,
                    "energy_breakdown_j": {
                        component: energy / self.tokens
                        for component, energy in baseline.energy_breakdown_j.items()
                    },
                    "memory_bytes": baseline.memory_bytes,
                    "ratios": self.ratios(baseline),
                }
                for baseline in self.baselines
            },
            "paper": [asdict(comparison) for comparison in self.comparisons],
            "events": {
                component: {str(event): count for event, count in events.items()}
                for component, events in self.ledger.counts.items()
            },
            "assumptions": list(ASSUMPTIONS),
            "not_counted": list(NOT_COUNTED),
            "sources": self.sources(),
        }

    def sources(self) -> list[dict[str, Any]]:
        """Return every number taken from outside, with unit, range, status and source."""
        technology, memory = self.config.technology, self.config.memory
        figures = {
            **{f"memory.{key}": figure for key, figure in memory.figures.items()},
            **{f"technology.{key}": figure for key, figure in technology.figures.items()},
        }
        return [
            {
                "figure": key,
                "unit": unit,
                **{edge: figure.at(edge) for edge in EDGES},
                "status": figure.status,
                "source": figure.source,
            }
            for key, (figure, unit) in figures.items()
        ]
