"""What an estimate holds."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bitnet_hw.baseline import Baseline
from bitnet_hw.config import Config
from bitnet_hw.elementwise import largest_key
from bitnet_hw.energy import Ledger
from bitnet_hw.energy_scopes import SCOPES
from bitnet_hw.estimate_dict import estimate_dict
from bitnet_hw.model import Model
from bitnet_hw.notebook import NotebookResult
from bitnet_hw.operator_estimate import OperatorEstimate
from bitnet_hw.paper import Comparison
from bitnet_hw.timing import BOUNDS

if TYPE_CHECKING:
    from bitnet_hw.request import Request

__all__ = ["Estimate"]


@dataclass(frozen=True, kw_only=True)
class Estimate(NotebookResult):
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
        What is stored, and what is transferred in the step, by kind, on all chips together.
    chip_memory_bytes : int
        What the fullest chip stores.
    energy_j : dict of dict
        Energy of the step by component, for the low, nominal and high end of the published figures
        and of the zero weights.
    zeros_energy_j : dict of dict
        The same with published figures at their nominal value, for most zeros (``"low"``) and
        fewest (``"high"``).
    area_mm2 : dict
        Cell area of a chip by part; empty if the technology has no areas.
    ledger : Ledger
        The events behind the energy.
    baselines : tuple of Baseline
        The same step on multiplier arrays.
    comparisons : tuple of Comparison
        The paper's ratios beside ours; for decode only.
    request : Request, optional
        What a whole request takes, if that was asked.
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
    chip_memory_bytes: int
    dram_bytes: dict[str, int]
    energy_j: dict[str, dict[str, float]]
    zeros_energy_j: dict[str, dict[str, float]]
    area_mm2: dict[str, float]
    ledger: Ledger
    baselines: tuple[Baseline, ...]
    comparisons: tuple[Comparison, ...] = field(default=())
    request: "Request | None" = None

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
        """Share of the arrays' peak that the whole step uses."""
        return self.ternary_macs / (self.peak_macs_per_cycle * self.cycles)

    @property
    def peak_macs_per_cycle(self) -> int:
        """Multiply-accumulates per cycle of all chips."""
        return self.config.chips.count * self.config.array.macs_per_cycle

    @property
    def array_utilization(self) -> float:
        """Share of an array's peak while it works on BitLinear layers, fill and drain included."""
        share = self.ternary_macs / self.config.chips.tensor
        return share / (self.config.array.macs_per_cycle * self.ternary_cycles)

    @property
    def bound(self) -> str:
        """What limits the largest share of the time."""
        bound: str = largest_key({bound: self.bound_seconds[bound] for bound in BOUNDS})
        return bound

    @property
    def bits_per_weight(self) -> float:
        """Bits stored and streamed for each ternary weight, padding included."""
        return 8 * self.memory_bytes["ternary_weights"] / self.model.ternary_parameters

    @property
    def memory_fits(self) -> bool:
        """Whether the memory of the fullest chip holds its part of the model."""
        return self.chip_memory_bytes <= self.config.memory.capacity_bytes

    @property
    def scopes(self) -> tuple[str, ...]:
        """Scopes that have an energy: ``board`` only if its power is given."""
        return tuple(scope for scope in SCOPES if scope != "board" or self.config.board)

    def step_energy_j(self, scope: str = "system", edge: str = "nominal") -> float:
        """Return the energy of the step within a scope."""
        return _within(self.energy_j[edge], scope)

    def step_energy_over_zeros_j(self, scope: str = "system") -> tuple[float, float]:
        """Return the energy of the step with the most zero weights, and with the fewest."""
        return (
            _within(self.zeros_energy_j["low"], scope),
            _within(self.zeros_energy_j["high"], scope),
        )

    @property
    def power_w(self) -> float:
        """Power within scope `system` while steps follow each other."""
        return self.step_energy_j() / self.seconds

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
        return estimate_dict(self)


def _within(energy_j: dict[str, float], scope: str) -> float:
    return sum(energy_j.get(component, 0.0) for component in SCOPES[scope])
