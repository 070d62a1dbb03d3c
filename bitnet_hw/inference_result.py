"""What an inference gave and took."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitnet_hw.array_work import SCOPE, ArrayWork
from bitnet_hw.config import Config

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
    cycles_simulated : int or None
        The hardware's count; None if it did not run.
    """

    tokens: int
    work: ArrayWork
    cycles_simulated: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON; what is per token is None where there was none."""
        seconds, energy = self.work.seconds, self.work.energy_j()
        total = sum(energy.values())
        return {
            "tokens": self.tokens,
            "jobs": self.work.jobs,
            "macs": self.work.macs,
            "cycles_simulated": self.cycles_simulated,
            "cycles_predicted": self.work.cycles,
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
    folder : Path
        The checkpoint.
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

    folder: Path
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
        """Whether the hardware, if it ran, took as many cycles as predicted."""
        return self.cycles_simulated in (None, self.cycles_predicted)

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON.

        ``tokens_per_second`` and ``energy_per_token_j`` are those of decoding.
        """
        prefill, decode = self.prefill.to_dict(), self.decode.to_dict()
        config = self.config
        return {
            "checkpoint": str(self.folder),
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
