"""An estimate as JSON-ready values: the keys of `bitnet-hw estimate --format json`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bitnet_hw.energy_scopes import EDGES, NOT_COUNTED, SCOPES, assumptions
from bitnet_hw.estimate_warnings import estimate_warnings

if TYPE_CHECKING:
    from bitnet_hw.baseline import Baseline
    from bitnet_hw.estimate_result import Estimate

__all__ = ["estimate_dict", "estimate_fields", "sources"]


def estimate_dict(result: "Estimate") -> dict[str, Any]:
    """Return everything of an estimate; energies are per token, with their scope."""
    fields = estimate_fields(result)
    return {
        "name": result.config.name,
        **fields,
        "request": result.request.to_dict() if result.request else {},
        "layers": [operator.to_dict() for operator in result.operators],
        "baselines": {
            baseline.name: {
                **fields["baselines"][baseline.name],
                "energy_breakdown_j": {
                    component: energy / result.tokens
                    for component, energy in baseline.energy_breakdown_j.items()
                },
            }
            for baseline in result.baselines
        },
        "paper": [asdict(comparison) for comparison in result.comparisons],
        "events": _events(result),
        "assumptions": assumptions(result.config),
        "not_counted": [*result.config.not_counted, *NOT_COUNTED],
        "warnings": estimate_warnings(result.config),
        "sources": sources(result),
    }


def estimate_fields(result: "Estimate") -> dict[str, Any]:
    """Return what a sweep reports of a design: numbers and names, or columns of them."""
    config, tokens = result.config, result.tokens
    components = SCOPES["board" if config.board else "system"]
    breakdown = result.energy_j["nominal"]
    return {
        "model": result.model.name,
        "phase": result.phase,
        "batch": result.batch,
        "context": result.context,
        "scope": "system",
        "technology": config.technology.name,
        "memory": config.memory.name,
        "clock_mhz": config.clock_mhz,
        "array": asdict(config.array),
        "macs_per_cycle": config.array.macs_per_cycle,
        "chips": {
            "count": config.chips.count,
            "tensor": config.chips.tensor,
            "pipeline": config.chips.pipeline,
        },
        "formats": config.formats.model_dump(),
        "tokens": tokens,
        "cycles": result.cycles,
        "seconds": result.seconds,
        "seconds_per_token": result.seconds_per_token,
        "tokens_per_second": result.tokens_per_second,
        "utilization": result.utilization,
        "array_utilization": result.array_utilization,
        "bound": result.bound,
        "bound_seconds": result.bound_seconds,
        "power_w": result.power_w,
        "energy_per_token_j": result.energy_per_token_j,
        "energy_per_token_range_j": {
            edge: result.step_energy_j(edge=edge) / tokens for edge in result.energy_j
        },
        "energy_per_token_over_zeros_j": _over_zeros(result),
        "zero_fraction": {edge: config.activity.zero_fraction.at(edge) for edge in EDGES},
        "energy_per_token_by_scope_j": {
            scope: result.step_energy_j(scope) / tokens for scope in result.scopes
        },
        "energy_breakdown_j": {
            component: breakdown.get(component, 0.0) / tokens for component in components
        },
        "area_mm2": {**result.area_mm2, "total": sum(result.area_mm2.values())}
        if result.area_mm2
        else {},
        "memory_bytes": {**result.memory_bytes, "total": sum(result.memory_bytes.values())},
        "chip_memory_bytes": result.chip_memory_bytes,
        "memory_fits": result.memory_fits,
        "dram_bytes": {**result.dram_bytes, "total": sum(result.dram_bytes.values())},
        "bits_per_weight": result.bits_per_weight,
        "baselines": {
            baseline.name: _baseline_fields(result, baseline) for baseline in result.baselines
        },
    }


def sources(result: "Estimate") -> list[dict[str, Any]]:
    """Return every number taken from outside, with unit, range, status and source."""
    config = result.config
    blocks: dict[str, Any] = {
        "memory": config.memory,
        "technology": config.technology,
        "activity": config.activity,
    }
    if config.host:
        blocks["host"] = config.host
    if config.chips.count > 1:
        blocks["chips.link"] = config.chips.link
    if config.board:
        blocks["board"] = config.board
    return [
        {
            "figure": f"{name}.{key}",
            "unit": unit,
            **{edge: figure.at(edge) for edge in EDGES},
            "status": figure.status,
            "source": figure.source,
        }
        for name, block in blocks.items()
        for key, (figure, unit) in block.figures.items()
    ]


def _over_zeros(result: "Estimate") -> dict[str, float]:
    """Return the energy of a token with the most zero weights and with the fewest."""
    if not result.zeros_energy_j:
        return {}
    most_zeros, fewest_zeros = result.step_energy_over_zeros_j()
    return {"low": most_zeros / result.tokens, "high": fewest_zeros / result.tokens}


def _baseline_fields(result: "Estimate", baseline: "Baseline") -> dict[str, Any]:
    return {
        "macs_per_cycle": baseline.macs_per_cycle,
        "tokens_per_second": result.tokens / baseline.seconds,
        "energy_per_token_j": baseline.energy_j / result.tokens,
        "memory_bytes": baseline.memory_bytes,
        "ratios": result.ratios(baseline),
    }


def _events(result: "Estimate") -> dict[str, dict[str, float]]:
    """Return the counts by component and kind; adders of one width are the same kind."""
    counted: dict[str, dict[str, float]] = {}
    for component, events in result.ledger.counts.items():
        kinds = counted.setdefault(component, {})
        for event, count in events.items():
            kinds[str(event)] = kinds.get(str(event), 0) + count
    return counted
