"""The estimate of one step of a model on many accelerators at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bitnet_hw.baseline import BASELINES, Arithmetic
from bitnet_hw.batch.cycle_columns import cycle_columns
from bitnet_hw.batch.ledger_columns import LedgerColumns
from bitnet_hw.batch.rate_columns import words_per_cycles_columns
from bitnet_hw.config import Config
from bitnet_hw.elementwise import chosen
from bitnet_hw.energy import host_events, link_events, ternary_events, vector_events
from bitnet_hw.estimate import Estimate, assemble
from bitnet_hw.model import Model
from bitnet_hw.operators import LinkOperator, Operator, TernaryOperator, Workload
from bitnet_hw.timing import BOUNDS, OperatorTime, host_time, link_time, vector_time

__all__ = ["estimate_columns"]


def estimate_columns(
    config: Config,
    model: Model,
    workload: Workload,
    *,
    phase: str,
    batch: int,
    context: int,
    baselines: Sequence[Arithmetic] = BASELINES,
    ranges: bool = True,
) -> Estimate:
    """Return an estimate whose numbers are columns, without rows for its operators.

    Equal to `bitnet_hw.estimate.estimate` bit for bit: the formulas are the same, but for the cycle
    model and the weight rate, which are written for columns in this package.

    Parameters
    ----------
    config : Config
        What `config_columns` returned.
    model : Model
        The whole model.
    workload : Workload
        What `bitnet_hw.estimate.prepare` returned for one of the designs.
    phase, batch, context : str, int, int
        As of `bitnet_hw.estimate.estimate`.
    baselines : sequence of Arithmetic
        What the designs are compared with.
    ranges : bool
        As of `bitnet_hw.estimate.assemble`.
    """
    ledger = LedgerColumns()
    seconds: dict[str, Any] = dict.fromkeys(BOUNDS, 0.0)
    cycles: dict[str, Any] = {}
    array_macs: Any = 0
    array_cycles: Any = 0
    word_bytes = config.array.weight_bus_bits // 8
    cycles_per_word = word_bytes * config.clock_hz / config.memory.bytes_per_second
    rate = words_per_cycles_columns(np.asarray(cycles_per_word))
    for operator in workload.operators:
        time, events = _operator(config, operator, rate)
        ledger.add_all(events, config.chips.tensor)
        cycles[operator.name] = cycles.get(operator.name, 0) + time.cycles
        taken = time.cycles / config.clock_hz
        waits = np.asarray(time.waits)
        seconds[time.waits_for] = seconds[time.waits_for] + chosen(waits, taken)
        seconds["compute"] = seconds["compute"] + chosen(~waits, taken)
        if isinstance(operator, TernaryOperator):
            macs = operator.repeat * sum(job.macs for job in operator.jobs)
            array_macs += config.chips.tensor * macs
            array_cycles = array_cycles + time.cycles
    return assemble(
        config,
        model,
        workload,
        phase=phase,
        batch=batch,
        context=context,
        operator_cycles=cycles,
        array_macs=array_macs,
        array_cycles=array_cycles,
        bound_seconds=seconds,
        ledger=ledger,
        baselines=baselines,
        ranges=ranges,
    )


def _operator(
    config: Config, operator: Operator, rate: tuple[Any, Any]
) -> tuple[OperatorTime, Any]:
    """Return time and events of an operator on one chip."""
    if isinstance(operator, TernaryOperator):
        jobs, repeat = operator.jobs, operator.repeat
        words, in_cycles = rate
        end, busy = cycle_columns(config.array, jobs, words, in_cycles)
        streamed: Any = sum(job.tiles(config.array) for job in jobs) * config.array.words_per_tile
        events = ternary_events(
            config.array,
            jobs,
            repeat,
            operator.kind,
            gates=config.technology.gates,
            ledger_type=LedgerColumns,
        )
        time = OperatorTime(repeat * end, streamed * in_cycles > busy * words, "weights")  # type: ignore[arg-type]  # columns
        return time, events
    if isinstance(operator, LinkOperator):
        return link_time(config, operator), link_events(operator)
    if config.units.of(operator.name) == "host":
        return host_time(config, operator), host_events(operator)
    return vector_time(config, operator), vector_events(operator)
