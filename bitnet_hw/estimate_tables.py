"""An estimate as tables for people."""

from collections.abc import Iterator, Mapping

from rich.table import Table

from bitnet_hw.energy import NOT_COUNTED, SCOPES
from bitnet_hw.estimate_result import Estimate
from bitnet_hw.quantity import quantity

__all__ = ["estimate_tables"]


def estimate_tables(result: Estimate, *, sources: bool = False) -> Iterator[Table | str]:
    """Return the tables of an estimate, in the order of reading.

    Parameters
    ----------
    result : Estimate
        The estimate.
    sources : bool
        Also list every number that came from outside.
    """
    yield _headline(result)
    yield _operators(result)
    yield _energy(result)
    yield _memory(result)
    yield _baselines(result)
    if result.comparisons:
        yield _paper(result)
        for comparison in result.comparisons:
            yield f"{comparison.quantity}: {comparison.why}"
    yield f"Not counted: {', '.join(NOT_COUNTED)}."
    if sources:
        yield "Numbers from outside:"
        yield from _sources(result)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    return table


def _si(field: str, value: float) -> str:
    """Return a value with the prefix and unit that its field name implies."""
    shown = quantity(field, [value])
    return f"{shown.text(value)} {shown.unit}".rstrip()


def _headline(result: Estimate) -> Table:
    config, array = result.config, result.config.array
    energies = [result.step_energy_j(edge=edge) / result.tokens for edge in ("low", "high")]
    sequences = "sequence" if result.batch == 1 else "sequences"
    table = Table(show_header=False, title=f"{result.model.name} on {config.name}")
    table.title_justify = "left"
    for name, value in (
        ("step", f"{result.phase}, {result.batch} {sequences}, {result.context} tokens each"),
        ("array", f"{array.rows} rows x {array.lanes} lanes, {array.weight_encoding} weights"),
        ("clock", f"{config.clock_mhz:g} MHz"),
        ("memory", f"{config.memory.title or config.memory.name}"),
        ("technology", f"{config.technology.title or config.technology.name}"),
        ("tokens per second", f"{result.tokens_per_second:.4g}"),
        ("time per token", _si("time_s", result.seconds_per_token)),
        ("cycles of the step", _si("count", result.cycles)),
        ("limited by", _bound(result)),
        (
            "utilization",
            f"{result.utilization:.1%} of peak; {result.array_utilization:.1%} in BitLinear layers",
        ),
        ("energy per token", f"{_si('energy_j', result.energy_per_token_j)}, scope system"),
        ("  over published ranges", f"{' to '.join(_si('energy_j', e) for e in energies)}"),
        ("bits per weight", f"{result.bits_per_weight:.4g}"),
    ):
        table.add_row(name, value)
    return table


def _bound(result: Estimate) -> str:
    what = {
        "compute": "computing",
        "weights": "the stream of ternary weights",
        "memory": "memory traffic other than ternary weights",
    }[result.bound]
    return f"{what} ({result.bound_seconds[result.bound] / result.seconds:.0%} of the time)"


def _operators(result: Estimate) -> Table:
    table = _table(
        "Operators of one step", "operator", "runs", "cycles", "time", "memory", "energy", "bound"
    )
    for operator in result.operators:
        table.add_row(
            operator.name,
            str(operator.runs),
            _si("count", operator.cycles),
            f"{operator.seconds / result.seconds:.1%}",
            _si("_bytes", operator.dram_bytes),
            _si("energy_j", operator.energy_j),
            operator.bound,
        )
    return table


def _energy(result: Estimate) -> Table:
    table = _table("Energy per token", "component", "scope", "energy", "share")
    total = result.energy_per_token_j
    breakdown = {
        component: result.energy_j["nominal"].get(component, 0.0) / result.tokens
        for component in SCOPES["system"]
    }
    for component, energy in breakdown.items():
        scope = next(scope for scope, components in SCOPES.items() if component in components)
        share = f"{energy / total:.1%}"
        table.add_row(component.replace("_", " "), scope, _si("energy_j", energy), share)
    table.add_section()
    for scope in SCOPES:
        energy = result.step_energy_j(scope) / result.tokens
        share = f"{energy / total:.1%}"
        table.add_row(f"total in scope {scope}", scope, _si("energy_j", energy), share)
    return table


def _memory(result: Estimate) -> Table:
    table = _table("Memory", "kind", "stored", "moved per step")
    moved: Mapping[str, int] = result.dram_bytes
    names = {"embeddings": "embedding"}
    for kind, size in result.memory_bytes.items():
        traffic = moved[names.get(kind, kind)]
        table.add_row(kind.replace("_", " "), _si("_bytes", size), _si("_bytes", traffic))
    table.add_section()
    total = sum(result.memory_bytes.values())
    table.add_row("total", _si("_bytes", total), _si("_bytes", sum(moved.values())))
    return table


def _baselines(result: Estimate) -> Table:
    table = _table(
        "Multiplier arrays of equal throughput",
        "array",
        "tokens/s",
        "J/token",
        "energy vs ours",
        "memory vs ours",
        "time vs ours",
    )
    for baseline in result.baselines:
        ratios = result.ratios(baseline)
        table.add_row(
            baseline.name,
            f"{result.tokens / baseline.seconds:.4g}",
            f"{baseline.energy_j / result.tokens:.4g}",
            *(f"{ratios[name]:.2f}x" for name in ("energy", "memory", "speed")),
        )
    return table


def _paper(result: Estimate) -> Table:
    table = _table(
        "Against FP16, beside arXiv 2402.17764",
        "ratio",
        "ours",
        "paper",
        "paper's rule, our shapes",
    )
    for comparison in result.comparisons:
        table.add_row(
            comparison.quantity,
            f"{comparison.ours:.2f}x",
            *(
                "" if value is None else f"{value:.3g}x"
                for value in (comparison.paper, comparison.reproduced)
            ),
        )
    return table


def _sources(result: Estimate) -> Iterator[str]:
    for source in result.sources():
        low, nominal, high = (f"{source[edge]:g}" for edge in ("low", "nominal", "high"))
        spread = "" if low == high else f" ({low} to {high})"
        value = f"{nominal}{spread} {source['unit']}"
        yield f"  {source['figure']}: {value}; {source['status']}: {source['source']}"
