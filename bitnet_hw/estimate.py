"""Time, energy and memory of a language model on an accelerator."""

from bitnet_hw.baseline import BASELINES, estimate_baseline
from bitnet_hw.config import Config
from bitnet_hw.energy import EDGES, Ledger, background_events, ternary_events, vector_events
from bitnet_hw.estimate_result import Estimate, OperatorEstimate
from bitnet_hw.model import FP16_BYTES, Model
from bitnet_hw.paper import compare
from bitnet_hw.timing import BOUNDS, OperatorTime, ternary_time, vector_time, weight_rate
from bitnet_hw.workload import TernaryOperator, VectorOperator, Workload, build_workload

__all__ = ["DEFAULT_CONTEXT", "Estimate", "OperatorEstimate", "estimate"]

DEFAULT_CONTEXT = 512
"""Tokens of context, as in the published comparisons."""


def estimate(
    config: Config,
    model: Model,
    *,
    phase: str = "decode",
    batch: int = 1,
    context: int = DEFAULT_CONTEXT,
) -> Estimate:
    """Return what one step of a model takes on an accelerator.

    Parameters
    ----------
    config : Config
        The accelerator.
    model : Model
        The model.
    phase : str
        ``"decode"``: each sequence gets one token, the last of `context`. ``"prefill"``: each
        sequence gets its `context` tokens.
    batch : int
        Sequences.
    context : int
        Tokens of each sequence when the step ends.

    Raises
    ------
    ConfigError
        If the model does not fit the array, or a parameter is out of range.
    """
    workload = build_workload(model, config.array, phase=phase, batch=batch, context=context)
    rate = weight_rate(config)
    ledger = Ledger()
    rows: dict[str, list[OperatorEstimate]] = {}
    for operator in workload.operators:
        if isinstance(operator, TernaryOperator):
            time = ternary_time(config, operator, rate)
            events = ternary_events(config.array, operator.jobs, operator.repeat)
            row = _ternary_row(config, operator, time, events)
        else:
            time = vector_time(config, operator)
            events = vector_events(operator)
            row = _vector_row(config, operator, time, events)
        rows.setdefault(operator.name, []).append(row)
        ledger.add_all(events)
    bound_seconds = dict.fromkeys(BOUNDS, 0.0)
    for row in (row for group in rows.values() for row in group):
        bound_seconds[row.bound] += row.seconds
    operators = tuple(_total(group) for group in rows.values())
    cycles = sum(operator.cycles for operator in operators)
    ledger.add_all(background_events(cycles / config.clock_hz))
    result = Estimate(
        config=config,
        model=model,
        phase=phase,
        batch=batch,
        context=context,
        tokens=workload.tokens,
        cycles=cycles,
        ternary_macs=sum(operator.macs for operator in operators if operator.unit == "array"),
        ternary_cycles=sum(operator.cycles for operator in operators if operator.unit == "array"),
        operators=operators,
        bound_seconds=bound_seconds,
        memory_bytes=_memory_bytes(config, model, workload),
        dram_bytes=_dram_bytes(ledger),
        energy_j={edge: ledger.energy_j(config.technology, config.memory, edge) for edge in EDGES},
        ledger=ledger,
        baselines=tuple(
            estimate_baseline(config, model, workload, arithmetic) for arithmetic in BASELINES
        ),
    )
    return _with_comparisons(result)


def _with_comparisons(result: Estimate) -> Estimate:
    """Add the paper's ratios, which are about producing tokens one after the other."""
    if result.phase != "decode":
        return result
    ratios = result.ratios(result.baselines[0])
    comparisons = compare(result.model, result.config.technology, **ratios)
    return Estimate(**{**vars(result), "comparisons": comparisons})


def _ternary_row(
    config: Config, operator: TernaryOperator, time: OperatorTime, events: Ledger
) -> OperatorEstimate:
    tiles = sum(job.tiles(config.array) for job in operator.jobs)
    return OperatorEstimate(
        name=operator.name,
        unit="array",
        runs=operator.repeat,
        cycles=time.cycles,
        seconds=time.cycles / config.clock_hz,
        macs=operator.repeat * sum(job.macs for job in operator.jobs),
        dram_bytes=operator.repeat * tiles * config.array.tile_bytes,
        energy_j=sum(events.energy_j(config.technology, config.memory).values()),
        bound=time.bound,
    )


def _vector_row(
    config: Config, operator: VectorOperator, time: OperatorTime, events: Ledger
) -> OperatorEstimate:
    return OperatorEstimate(
        name=operator.name,
        unit="vector",
        runs=operator.repeat,
        cycles=time.cycles,
        seconds=time.cycles / config.clock_hz,
        macs=operator.repeat * operator.macs,
        dram_bytes=operator.repeat * sum(operator.dram_bytes.values()),
        energy_j=sum(events.energy_j(config.technology, config.memory).values()),
        bound=time.bound,
    )


def _total(rows: list[OperatorEstimate]) -> OperatorEstimate:
    """Return the sum of the runs of one operator with different numbers of tokens."""
    longest = max(rows, key=lambda row: row.cycles)
    return OperatorEstimate(
        name=longest.name,
        unit=longest.unit,
        runs=sum(row.runs for row in rows),
        cycles=sum(row.cycles for row in rows),
        seconds=sum(row.seconds for row in rows),
        macs=sum(row.macs for row in rows),
        dram_bytes=sum(row.dram_bytes for row in rows),
        energy_j=sum(row.energy_j for row in rows),
        bound=longest.bound,
    )


def _memory_bytes(config: Config, model: Model, workload: Workload) -> dict[str, int]:
    array = config.array
    tiles = sum(array.k_tiles(layer.k) * array.n_tiles(layer.n) for layer in model.projections)
    return {
        "ternary_weights": model.layers * tiles * array.tile_bytes,
        "embeddings": model.embedding_parameters * FP16_BYTES,
        "lm_head": model.lm_head_parameters * FP16_BYTES,
        "norms": model.norm_parameters * FP16_BYTES,
        "kv_cache": model.kv_cache_bytes(workload.kv_tokens),
    }


def _dram_bytes(ledger: Ledger) -> dict[str, int]:
    kinds = ("ternary_weights", "lm_head", "kv_cache", "embedding", "norms")
    return {kind: int(sum(ledger.counts.get(f"dram_{kind}", {}).values())) // 8 for kind in kinds}
