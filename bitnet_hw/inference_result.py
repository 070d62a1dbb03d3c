"""What an inference gave and took."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bitnet_hw.array_work import SCOPE, ArrayWork
from bitnet_hw.config import Config
from bitnet_hw.cycles import CycleCount

__all__ = ["Inference", "Phase"]


@dataclass(frozen=True)
class Phase:
    """One of the two parts of an inference.

    Attributes
    ----------
    tokens : int
        Tokens that went through the model: the prompt's, or those generated but the last, which
        nothing follows.
    work : ArrayWork
        What the array did for them.
    counters_simulated : CycleCount or None
        The hardware's counters; None if it did not run.
    """

    tokens: int
    work: ArrayWork
    counters_simulated: CycleCount | None

    @property
    def cycles_simulated(self) -> int | None:
        """The hardware's count of cycles; None if it did not run."""
        return None if self.counters_simulated is None else self.counters_simulated.cycles

    @property
    def differences(self) -> dict[str, tuple[int, int]]:
        """Counters of the hardware that are not as predicted: what they are, and were to be."""
        if self.counters_simulated is None:
            return {}
        simulated, predicted = asdict(self.counters_simulated), asdict(self.work.counters)
        return {
            name: (value, predicted[name])
            for name, value in simulated.items()
            if value != predicted[name]
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON; what is per token is None where there was none."""
        seconds, energy = self.work.seconds, self.work.energy_j()
        simulated = self.counters_simulated
        total = sum(energy.values())
        return {
            "tokens": self.tokens,
            "jobs": self.work.jobs,
            "macs": self.work.macs,
            "cycles_simulated": self.cycles_simulated,
            "cycles_predicted": self.work.cycles,
            "counters_simulated": None if simulated is None else asdict(simulated),
            "counters_predicted": asdict(self.work.counters),
            "seconds": seconds,
            "tokens_per_second": self.tokens / seconds if self.tokens else None,
            "energy_j": total,
            "energy_per_token_j": total / self.tokens if self.tokens else None,
            "energy_breakdown_j": energy,
        }


@dataclass(frozen=True, kw_only=True)
class Inference:
    """A finished inference.

    Attributes
    ----------
    checkpoint : Path
        Folder or file of the model.
    config : Config
        The accelerator.
    backend : str
        ``"rtl"`` or ``"golden"``.
    layers : int
        Ternary layers.
    prompt, text : str
        What was given, and what came.
    tokens : int
        Tokens generated.
    stopped : bool
        Whether the model ended the text itself.
    prefill, decode : Phase
        The pass over the prompt, which gives the first token, and the passes that give the others.
    outputs_checked : int
        Sums of the hardware that were compared with the golden model's; all were equal.
    wall_seconds : float
        Time that it took here.
    """

    checkpoint: Path
    config: Config
    backend: str
    layers: int
    prompt: str
    text: str
    tokens: int
    stopped: bool
    prefill: Phase
    decode: Phase
    outputs_checked: int
    wall_seconds: float

    @property
    def cycles_predicted(self) -> int:
        """Cycles of both phases by the cycle model."""
        return self.prefill.work.cycles + self.decode.work.cycles

    @property
    def cycles_simulated(self) -> int | None:
        """Cycles of both phases by the hardware's count; None if it did not run."""
        prefill, decode = self.prefill.cycles_simulated, self.decode.cycles_simulated
        return None if prefill is None or decode is None else prefill + decode

    @property
    def passed(self) -> bool:
        """Whether every counter of the hardware, if it ran, is as predicted in both phases."""
        return not (self.prefill.differences or self.decode.differences)

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON.

        ``tokens_per_second`` and ``energy_per_token_j`` are those of decoding.
        """
        prefill, decode = self.prefill.to_dict(), self.decode.to_dict()
        config = self.config
        return {
            "checkpoint": str(self.checkpoint),
            "array": config.name,
            "clock_mhz": config.clock_mhz,
            "memory": config.memory.name,
            "technology": config.technology.name,
            "backend": self.backend,
            "passed": self.passed,
            "layers": self.layers,
            "prompt": self.prompt,
            "text": self.text,
            "stopped": self.stopped,
            "prompt_tokens": self.prefill.tokens,
            "tokens": self.tokens,
            "outputs_checked": self.outputs_checked,
            "cycles_simulated": self.cycles_simulated,
            "cycles_predicted": self.cycles_predicted,
            "scope": SCOPE,
            "tokens_per_second": decode["tokens_per_second"],
            "energy_per_token_j": decode["energy_per_token_j"],
            "prefill": prefill,
            "decode": decode,
            "wall_seconds": self.wall_seconds,
        }
