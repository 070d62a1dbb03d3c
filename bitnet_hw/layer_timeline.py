"""What one transformer layer does in a step, one operator after the other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from bitnet_hw.chips import shard
from bitnet_hw.config import Config
from bitnet_hw.cycles import WeightRate, cycles
from bitnet_hw.estimate import prepare
from bitnet_hw.estimate_result import Estimate
from bitnet_hw.layer_order import LayerStep, layer_order
from bitnet_hw.operator_estimate import OperatorEstimate, estimate_operator
from bitnet_hw.operators import LinkOperator, Operator, TernaryOperator
from bitnet_hw.timing import weight_rate

__all__ = ["ARRAY_STATES", "LayerTimeline", "TimelineBar", "layer_timeline"]

ARRAY_STATES = ("busy", "weight_wait", "activation_wait", "output_wait", "fill")
"""What the array does in a cycle: the hardware's counters, and filling or draining its pipeline."""


@dataclass(frozen=True, kw_only=True)
class TimelineBar:
    """One step of the layer.

    Parameters
    ----------
    operator, unit, bound : str
        As in `bitnet_hw.operator_estimate.OperatorEstimate`.
    start, cycles : int
        First clock cycle, counted from the start of the layer, and how many it takes.
    energy_j : float
        Energy without leakage and background power; of all chips that share the layer.
    states : mapping of str to int
        Cycles of the array by what it does, of `ARRAY_STATES`; empty for other units.
    """

    operator: str
    unit: str
    bound: str
    start: int
    cycles: int
    energy_j: float
    states: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class LayerTimeline:
    """One pass of tokens through one layer.

    Parameters
    ----------
    bars : tuple of TimelineBar
        In the order of time, each starting when the one before ends.
    tokens : int
        Tokens that pass the layer together.
    layers : int
        Layers of the model, which all take the same time.
    clock_hz : float
        Of the cycles.
    """

    bars: tuple[TimelineBar, ...]
    tokens: int
    layers: int
    clock_hz: float

    @property
    def cycles(self) -> int:
        """Duration of the layer."""
        return sum(bar.cycles for bar in self.bars)

    @property
    def energy_j(self) -> float:
        """Energy of the layer."""
        return sum(bar.energy_j for bar in self.bars)


class _Counted(NamedTuple):
    """What an operator takes in a layer, and into how many shares it is divided."""

    row: OperatorEstimate
    states: Mapping[str, int]
    shares: int


def layer_timeline(result: Estimate) -> LayerTimeline:
    """Return the timeline of a layer for the first full chunk of tokens of a step.

    In prefill that is the last full chunk of a prompt, which attends to the most tokens. An
    operator that the estimate counts once for a layer, such as all its norms, is divided among its
    steps in proportion to their elements; the sum is that of the estimate.
    """
    config, model = result.config, result.model
    tokens = min(config.array.max_tokens, _most_tokens(result))
    part = shard(model, config.chips)
    order = layer_order(part, tensor=config.chips.tensor)
    elements: dict[str, int] = {}
    for step in order:
        elements[step.operator] = elements.get(step.operator, 0) + step.elements
    rate = weight_rate(config)
    counted: dict[str, _Counted] = {}
    for name, operator in _operators(result, tokens).items():
        if name not in elements:
            continue
        shares = elements[name]
        # Each exchange is a run of its own; everything else is counted once for a layer.
        runs = shares if isinstance(operator, LinkOperator) else 1
        row, _ = estimate_operator(config, replace(operator, repeat=runs), rate)
        counted[name] = _Counted(row, _states(config, operator, rate), shares)
    return LayerTimeline(
        bars=tuple(_bars(order, counted)),
        tokens=tokens,
        layers=model.layers,
        clock_hz=config.clock_hz,
    )


def _most_tokens(result: Estimate) -> int:
    return result.batch if result.phase == "decode" else result.context


def _operators(result: Estimate, tokens: int) -> dict[str, Operator]:
    """Return the operators of one chunk of so many tokens, by name."""
    sequences = tokens if result.phase == "decode" else 1
    workload = prepare(
        result.config, result.model, phase=result.phase, batch=sequences, context=result.context
    )
    chosen: dict[str, Operator] = {}
    attention = []
    # Those of the largest chunk come first.
    for operator in workload.operators:
        if operator.name == "attention":
            attention.append(operator)
        else:
            chosen.setdefault(operator.name, operator)
    full_chunks = 1 if result.phase == "decode" else result.context // tokens
    chosen["attention"] = attention[full_chunks - 1]
    return chosen


def _states(config: Config, operator: Operator, rate: WeightRate) -> dict[str, int]:
    """Return what the array does while it runs a queue of jobs."""
    if not isinstance(operator, TernaryOperator):
        return {}
    count = cycles(config.array, operator.jobs, rate)
    states = {state: getattr(count, state, 0) for state in ARRAY_STATES}
    return {**states, "fill": count.cycles - sum(states.values())}


def _bars(order: Sequence[LayerStep], counted: Mapping[str, _Counted]) -> Iterator[TimelineBar]:
    start = 0
    done = dict.fromkeys(counted, 0)
    for step in order:
        row, states, shares = counted[step.operator]
        before = done[step.operator]
        after = done[step.operator] = before + step.elements
        # Rounded at the borders, so that the parts add up to the whole.
        taken = row.cycles * after // shares - row.cycles * before // shares
        yield TimelineBar(
            operator=step.operator,
            unit=row.unit,
            bound=row.bound,
            start=start,
            cycles=taken,
            energy_j=row.energy_j * step.elements / shares,
            states=states,
        )
        start += taken
