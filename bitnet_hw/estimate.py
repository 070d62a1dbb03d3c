"""Time, energy and memory of a language model on an accelerator."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bitnet_hw.area import chip_area_mm2, power_at_rest_w
from bitnet_hw.baseline import BASELINES, Arithmetic, estimate_baseline
from bitnet_hw.chips import exchanges, shard
from bitnet_hw.config import Config
from bitnet_hw.energy import Event, Ledger, background_events
from bitnet_hw.energy_scopes import EDGES
from bitnet_hw.errors import ConfigError
from bitnet_hw.estimate_result import Estimate
from bitnet_hw.model import Model
from bitnet_hw.operator_estimate import OperatorEstimate, estimate_operator, total
from bitnet_hw.operators import Workload
from bitnet_hw.paper import compare
from bitnet_hw.step_time import step_cycles
from bitnet_hw.stored_bytes import fullest_chip_bytes, stored_bytes
from bitnet_hw.timing import BOUNDS, weight_rate
from bitnet_hw.workload import build_workload

__all__ = ["DEFAULT_CONTEXT", "Estimate", "assemble", "check_fits", "estimate", "prepare"]

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
    workload = prepare(config, model, phase=phase, batch=batch, context=context)
    rate = weight_rate(config)
    ledger = Ledger()
    rows: dict[str, list[OperatorEstimate]] = {}
    bound_seconds = dict.fromkeys(BOUNDS, 0.0)
    for operator in workload.operators:
        row, events = estimate_operator(config, operator, rate)
        bound_seconds[row.bound] += row.seconds
        rows.setdefault(operator.name, []).append(row)
        ledger.add_all(events)
    operators = tuple(total(group) for group in rows.values())
    result = assemble(
        config,
        model,
        workload,
        phase=phase,
        batch=batch,
        context=context,
        operator_cycles={row.name: row.cycles for row in operators},
        array_macs=sum(row.macs for row in operators if row.unit == "array"),
        array_cycles=sum(row.cycles for row in operators if row.unit == "array"),
        bound_seconds=bound_seconds,
        ledger=ledger,
    )
    return _with_comparisons(replace(result, operators=operators))


def prepare(config: Config, model: Model, *, phase: str, batch: int, context: int) -> Workload:
    """Return what the chips that share a layer do in a step, the exchanges between them included.

    Raises
    ------
    ConfigError
        If the model does not fit the array, or a parameter is out of range.
    """
    part = shard(model, config.chips)
    check_fits(config, part)
    workload = build_workload(
        part,
        max_tokens=config.array.max_tokens,
        phase=phase,
        batch=batch,
        context=context,
        formats=config.formats,
    )
    return replace(
        workload, operators=(*workload.operators, *exchanges(model, config.chips, workload))
    )


def assemble(
    config: Config,
    model: Model,
    workload: Workload,
    *,
    phase: str,
    batch: int,
    context: int,
    operator_cycles: Mapping[str, int],
    array_macs: int,
    array_cycles: int,
    bound_seconds: dict[str, float],
    ledger: Ledger,
    baselines: Sequence[Arithmetic] = BASELINES,
    ranges: bool = True,
) -> Estimate:
    """Return the estimate of a step whose operators have been timed and counted.

    Parameters
    ----------
    config, model, workload : Config, Model, Workload
        Accelerator, whole model, and what `prepare` returned for them.
    phase, batch, context : str, int, int
        As of `estimate`.
    operator_cycles : mapping
        Cycles of each operator.
    array_macs, array_cycles : int
        Multiply-accumulates of the arrays, and the cycles that they take.
    bound_seconds : dict
        Time by what limits it.
    ledger : Ledger
        Events of all operators; background is added.
    baselines : sequence of Arithmetic
        What it is compared with.
    ranges : bool
        Also the energy at both ends of the published figures, and of the zero weights.
    """
    part = shard(model, config.chips)
    cycles = step_cycles(operator_cycles, part, config.chips, workload, phase)
    seconds = cycles / config.clock_hz
    ledger.add_all(background_events(seconds, ledger_type=type(ledger)), config.chips.count)
    if config.board:
        ledger.add("board_idle", Event("board_second"), seconds)
    stored = stored_bytes(config, part, workload.kv_tokens)
    area = chip_area_mm2(config)

    def energy_j(edge: str, zeros: str | None = None) -> dict[str, float]:
        energy = ledger.energy_j(config, edge, zeros)
        for component, power_w in power_at_rest_w(config, area, edge).items():
            energy[component] = power_w * seconds * config.chips.count
        return energy

    return Estimate(
        config=config,
        model=model,
        phase=phase,
        batch=batch,
        context=context,
        tokens=workload.tokens,
        cycles=cycles,
        ternary_macs=array_macs,
        ternary_cycles=array_cycles,
        operators=(),
        bound_seconds=bound_seconds,
        memory_bytes=stored,
        chip_memory_bytes=fullest_chip_bytes(config, part, stored),
        dram_bytes=_dram_bytes(ledger),
        energy_j={edge: energy_j(edge) for edge in (EDGES if ranges else ("nominal",))},
        zeros_energy_j={
            edge: energy_j("nominal", edge) for edge in (("low", "high") if ranges else ())
        },
        area_mm2=area,
        ledger=ledger,
        baselines=tuple(
            estimate_baseline(
                config, model, workload, arithmetic, phase, area, ledger_type=type(ledger)
            )
            for arithmetic in baselines
            if config.technology.area_um2 or not arithmetic.same_area
        ),
    )


def check_fits(config: Config, part: Model) -> None:
    """Make sure that the array takes every ternary layer.

    Raises
    ------
    ConfigError
        If a layer has more inputs than the array's ``max_k``.
    """
    widest = max(part.projections, key=lambda projection: projection.k)
    if widest.k > config.array.max_k:
        raise ConfigError(
            f"array.max_k must be at least {widest.k} for {widest.name} of {part.name}, "
            f"not {config.array.max_k}"
        )


def _with_comparisons(result: Estimate) -> Estimate:
    """Add the paper's ratios, which are about producing tokens one after the other."""
    if result.phase != "decode":
        return result
    ratios = result.ratios(result.baselines[0])
    comparisons = compare(result.model, result.config.technology, **ratios)
    return replace(result, comparisons=comparisons)


def _dram_bytes(ledger: Ledger) -> dict[str, int]:
    kinds = ("ternary_weights", "lm_head", "kv_cache", "embedding", "norms")
    return {kind: ledger.count(f"dram_{kind}") // 8 for kind in kinds}
