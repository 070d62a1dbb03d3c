"""Cycles of a whole step, from those of its operators: one after the other, or in a pipeline."""

from collections.abc import Mapping

from bitnet_hw.chips import Chips
from bitnet_hw.elementwise import larger
from bitnet_hw.model import Model
from bitnet_hw.operators import Workload

__all__ = ["ONCE", "step_cycles"]

ONCE = ("embedding", "final_norm", "lm_head", "lm_head_scales")
"""Operators that are not part of a layer."""


def step_cycles(
    cycles: Mapping[str, int], model: Model, chips: Chips, workload: Workload, phase: str
) -> int:
    """Return the cycles of a step.

    On one chip, or on several that share each layer, nothing overlaps: the sum. In a pipeline,
    another chunk of tokens can be in each stage. The slowest stage has the most layers and what is
    not part of a layer. In decode a sequence's next token has to wait for the one before, so the
    step takes as long as a chunk takes through all stages, or as all chunks take in the slowest
    stage. In prefill the chunks follow each other: the first through all stages, and the others in
    the slowest one.

    Parameters
    ----------
    cycles : mapping of str to int
        Cycles of all runs of each operator.
    model : Model
        Gives the number of layers.
    chips : Chips
        Gives the number of stages.
    workload : Workload
        Gives the chunks, which count as equally long.
    phase : str
        ``"decode"`` or ``"prefill"``.
    """
    total = sum(cycles.values())
    if chips.pipeline == 1:
        return total
    once = sum(cycles.get(name, 0) for name in ONCE)
    layers = total - once - cycles.get("stage_handover", 0)
    stage = layers // model.layers * -(-model.layers // chips.pipeline) + once
    chunks = len(workload.chunks)
    latency = -(-total // chunks)
    if phase == "decode":
        slowest: int = larger(latency, stage)
        return slowest
    return latency - (-stage * (chunks - 1) // chunks)
