"""A whole model on an array of multipliers over the same on the ternary one: a way to a figure."""

from typing import Literal

from bitnet_hw.config import load_config
from bitnet_hw.estimate import estimate
from bitnet_hw.reproduce.closed_forms import ModelReference, load_shape
from bitnet_hw.schema import Block, Count

__all__ = ["DesignRatio"]


class DesignRatio(Block):
    """Energy of a token on FP16 multipliers over that on ternary lanes, by the estimator.

    Parameters
    ----------
    array : str
        The accelerator, by its name.
    technology : str
        Where its energies come from.
    model : str or mapping
        Shapes.
    scope : str
        ``"array"``: multipliers and adders over everything in the ternary array; ``"core"``: with
        stores and vector unit; ``"system"``: with the memory.
    phase, batch, context : optional
        The step.
    """

    array: str
    technology: str
    model: ModelReference
    scope: Literal["array", "core", "system"]
    phase: Literal["decode", "prefill"] = "decode"
    batch: Count = 1
    context: Count = 512

    def value(self) -> float:
        """Return the ratio."""
        config = load_config(self.array, {"technology": self.technology})
        result = estimate(
            config,
            load_shape(self.model),
            phase=self.phase,
            batch=self.batch,
            context=self.context,
        )
        [fp16] = (baseline for baseline in result.baselines if baseline.name == "fp16")
        return fp16.scope_energy_j(self.scope) / result.step_energy_j(self.scope)
