"""An estimate as tables for people."""

from collections.abc import Iterator, Mapping

from rich.table import Table

from bitnet_hw.config import Config
from bitnet_hw.energy_scopes import NOT_COUNTED, SCOPES
from bitnet_hw.estimate_dict import sources as sources_of
from bitnet_hw.estimate_result import Estimate
from bitnet_hw.estimate_warnings import estimate_warnings
from bitnet_hw.quantity import quantity
from bitnet_hw.request_table import request_table

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
    if result.request:
        yield request_table(result.request)
    yield _operators(result)
    yield _energy(result)
    yield _memory(result)
    yield _baselines(result)
    if result.comparisons:
        yield _paper(result)
        for comparison in result.comparisons:
            yield f"{comparison.quantity}: {comparison.why}"
    yield f"Not counted: {', '.join([*result.config.not_counted, *NOT_COUNTED])}."
    if not result.memory_fits:
        yield _too_large(result)
    yield from (f"Warning: {warning}" for warning in estimate_warnings(result.config))
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
    zeros = config.activity.zero_fraction
    over_zeros = "; array alone ".join(
        " to ".join(
            _si("energy_j", energy / result.tokens)
            for energy in result.step_energy_over_zeros_j(scope)
        )
        for scope in ("system", "array")
    )
    sequences = "sequence" if result.batch == 1 else "sequences"
    table = Table(show_header=False, title=f"{result.model.name} on {config.name}")
    table.title_justify = "left"
    for name, value in (
        ("step", f"{result.phase}, {result.batch} {sequences}, {result.context} tokens each"),
        ("array", f"{array.rows} rows x {array.lanes} lanes, {array.weight_encoding} weights"),
        ("clock", f"{config.clock_mhz:g} MHz"),
        ("memory", _memories(config)),
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
        (f"  over {zeros.at('high'):.0%} to {zeros.at('low'):.0%} zeros", over_zeros),
        ("power", f"{_si('power_w', result.power_w)}, scope system"),
        ("bits per weight", f"{result.bits_per_weight:.4g}"),
        *_chip_lines(result),
    ):
        table.add_row(name, value)
    return table


def _memories(config: Config) -> str:
    memory = config.memory
    times = f"{memory.count} x " if memory.count > 1 else ""
    return f"{times}{memory.title or memory.name}"


def _bound(result: Estimate) -> str:
    what = {
        "compute": "computing",
        "weights": "the stream of ternary weights",
        "memory": "memory traffic other than ternary weights",
        "link": "exchanges between chips",
    }[result.bound]
    whole = sum(result.bound_seconds.values())
    return f"{what} ({result.bound_seconds[result.bound] / whole:.0%} of the time)"


def _chip_lines(result: Estimate) -> Iterator[tuple[str, str]]:
    """Yield the lines of what not every configuration has: an area, several chips, a board."""
    config = result.config
    if result.area_mm2:
        yield "cell area", f"{sum(result.area_mm2.values()):.3g} mm2 for each chip"
    if config.chips.count > 1:
        tensor, pipeline = config.chips.tensor, config.chips.pipeline
        yield "chips", f"{tensor * pipeline}: {tensor} share a layer, {pipeline} groups of layers"
    if config.board:
        energy_j = result.step_energy_j("board") / result.tokens
        yield "energy per token, board", _si("energy_j", energy_j)


def _too_large(result: Estimate) -> str:
    memory, needed = result.config.memory, _si("_bytes", result.chip_memory_bytes)
    return (
        f"The model does not fit: the fullest chip stores {needed}, "
        f"and {memory.name} holds {_si('_bytes', memory.capacity_bytes)}."
    )


def _operators(result: Estimate) -> Table:
    table = _table(
        "Operators of one step", "operator", "runs", "cycles", "time", "memory", "energy", "bound"
    )
    whole = sum(operator.seconds for operator in result.operators)
    for operator in result.operators:
        table.add_row(
            operator.name,
            str(operator.runs),
            _si("count", operator.cycles),
            f"{operator.seconds / whole:.1%}",
            _si("_bytes", operator.dram_bytes),
            _si("energy_j", operator.energy_j),
            operator.bound,
        )
    return table


def _energy(result: Estimate) -> Table:
    table = _table("Energy per token", "component", "scope", "energy", "share")
    total = result.energy_per_token_j
    breakdown = {
        component: result.energy_j["nominal"][component] / result.tokens
        for component in SCOPES[result.scopes[-1]]
        if component in result.energy_j["nominal"]
    }
    for component, energy in breakdown.items():
        scope = next(scope for scope, components in SCOPES.items() if component in components)
        share = f"{energy / total:.1%}"
        table.add_row(component.replace("_", " "), scope, _si("energy_j", energy), share)
    table.add_section()
    for scope in result.scopes:
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
        "Multiplier arrays of equal peak, or of the same area as the ternary array; all over ours",
        "array",
        "MAC/cycle",
        "tokens/s",
        "J/token",
        "energy",
        "memory",
        "time",
    )
    for baseline in result.baselines:
        ratios = result.ratios(baseline)
        table.add_row(
            baseline.name.replace("_", " "),
            str(baseline.macs_per_cycle),
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
    for source in sources_of(result):
        low, nominal, high = (f"{source[edge]:g}" for edge in ("low", "nominal", "high"))
        spread = "" if low == high else f" ({low} to {high})"
        value = f"{nominal}{spread} {source['unit']}"
        yield f"  {source['figure']}: {value}; {source['status']}: {source['source']}"
