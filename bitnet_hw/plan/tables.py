"""The answer to a plan as tables for people."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table

from bitnet_hw.energy_scopes import NOT_COUNTED
from bitnet_hw.plan.answer import Answer, Choice
from bitnet_hw.plan.binding import Binding
from bitnet_hw.plan.design import Design
from bitnet_hw.quantity import format_number, quantity

__all__ = ["answer_tables"]

_BOUNDS = {
    "compute": "computing",
    "weights": "the stream of ternary weights",
    "memory": "memory traffic other than ternary weights",
    "link": "exchanges between chips",
}


# Fields that a search gives and that have a line in any case.
_HAVE_LINES = ("array", "chips", "clock_mhz", "formats", "memory", "technology", "vector_unit")


def answer_tables(result: Answer) -> Iterator[Table | str]:
    """Return the tables of an answer, in the order of reading."""
    if result.binding:
        yield _binding(result.binding)
        yield _design("The closest design", result.binding.closest)
        yield _margins(result.binding.closest)
    else:
        first, *others = result.designs
        yield _design("The smallest system", first)
        yield _margins(first)
        if others:
            yield _designs("The next ones", others)
    if result.each:
        yield _each(str(result.plan.each), result.each)
    scope = (result.binding.closest if result.binding else result.designs[0]).fields["power_scope"]
    sizes = ", then ".join(size.text for size in result.plan.smallest)
    yield f"Smaller is: less {sizes}. Power, energy: scope {scope}, low to high published figures."
    yield (
        f"{format_number(result.possible)} of {format_number(result.searched)} designs of "
        f"{result.plan.search} do it, searched in {result.seconds:.1f} s."
    )
    yield (
        "Prices are assumptions: of memories before the shortage of late 2025, of chips see costs "
        f"of the search file. Not counted: {', '.join(NOT_COUNTED)}, interfaces, board, case."
    )
    if not result.binding and result.designs[0].command:
        yield f"All about the smallest: {result.designs[0].command}"


def _design(title: str, found: Design) -> Table:
    table = Table(show_header=False, title=title, title_justify="left")
    for name, value in _lines(found):
        table.add_row(name, value)
    return table


def _lines(found: Design) -> Iterator[tuple[str, str]]:
    fields = found.fields
    array, chips, formats = fields["array"], fields["chips"], fields["formats"]
    scope = fields["power_scope"]
    yield "model", f"{fields['model']}: {fields['phase']}"
    yield "sequences", f"{fields['batch']}, {fields['context']} tokens each"
    split = f"{chips['tensor']} share a layer, {chips['pipeline']} groups of layers"
    yield "chips", f"{chips['count']}: {split}"
    yield "memory of each chip", found.memory
    yield "array", f"{array['rows']} rows x {array['lanes']} lanes, {array['weight_encoding']}"
    yield "max_k, max_tokens", f"{array['max_k']}, {array['max_tokens']}"
    width = found.row.get("vector_unit.fp16_macs_per_cycle")
    if width is not None:
        yield "vector unit", f"{width} FP16 multiply-accumulates per cycle"
    yield "clock, technology", f"{fields['clock_mhz']:g} MHz, {fields['technology']}"
    yield "formats", f"lm_head {formats['lm_head']}, KV cache {formats['kv_cache_bits']} bits"
    for name, value in found.values.items():
        if name.partition(".")[0] not in _HAVE_LINES:
            yield name, str(value)
    yield "tokens per second", _number(fields["tokens_per_second"])
    power = fields["total_power_range_w"]
    yield "power", f"{_with_range('power_w', fields['total_power_w'], power)}, scope {scope}"
    energy = fields["energy_per_token_by_scope_j"][scope]
    yield "energy per token", f"{_si('energy_j', energy)}, scope {scope}"
    yield "cell area", f"{_number(fields['total_area_mm2'])} mm2, all chips"
    prices = fields["total_dollars_range"]
    yield (
        "price",
        (
            f"${_number(fields['total_dollars'])} ({_number(prices['low'])} to "
            f"{_number(prices['high'])}), of which memories ${_number(fields['memory_dollars'])}"
        ),
    )
    stored, holds = fields["chip_memory_bytes"], fields["memory_capacity_bytes"]
    yield "fullest chip", f"{_si('_bytes', stored)} of {_si('_bytes', holds)}"
    shares = fields["bound_seconds"]
    bound = fields["bound"]
    yield (
        "limited by",
        f"{_BOUNDS[bound]} ({shares[bound] / sum(shares.values()):.0%} of the time)",
    )


def _margins(found: Design) -> Table:
    table = _table("What is required", "requirement", "value", "limit", "room")
    for margin in found.margins:
        room = "" if margin.room is None else f"{margin.room:+.1%}"
        table.add_row(
            margin.requirement,
            ("yes" if margin.holds else "no") if margin.value is None else _number(margin.value),
            "" if margin.limit is None else _number(margin.limit),
            room if margin.holds else f"{room} missed".strip(),
        )
    return table


def _designs(title: str, designs: Sequence[Design]) -> Table:
    table = _table(title, "memory", *_COLUMNS)
    for found in designs:
        table.add_row(found.memory, *_cells(found))
    return table


_COLUMNS = (
    "chips",
    "array",
    "vector",
    "tokens/s",
    "W",
    "mm2",
    "$",
)


def _cells(found: Design) -> list[str]:
    fields, row = found.fields, found.row
    chips, array = fields["chips"], fields["array"]
    return [
        f"{chips['tensor']}x{chips['pipeline']}",
        f"{array['rows']}x{array['lanes']}",
        format_number(row.get("vector_unit.fp16_macs_per_cycle")),
        _number(fields["tokens_per_second"]),
        _number(fields["total_power_w"]),
        _number(fields["total_area_mm2"]),
        _number(fields["total_dollars"]),
    ]


def _each(field: str, choices: Sequence[Choice]) -> Table:
    table = _table(f"The smallest for each {field}", field, "does it", "memory", *_COLUMNS)
    for choice in choices:
        found = choice.design
        if found is None:
            table.add_row(str(choice.value), "no such design")
            continue
        missed = [margin.requirement for margin in found.margins if not margin.holds]
        verdict = "yes" if choice.possible else f"no: {', '.join(missed)}"
        table.add_row(str(choice.value), verdict, found.memory, *_cells(found))
    return table


def _binding(binding: Binding) -> Table:
    table = _table(
        "Each requirement where all others hold",
        "requirement",
        "best",
        "limit",
        "possible without it",
    )
    for item in binding.relaxed:
        margin = item.margin
        table.add_row(
            item.requirement.text,
            _number(margin.value) if margin else "",
            _number(margin.limit) if margin else "",
            "yes" if item.design else "no",
        )
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    return table


def _number(value: Any) -> str:
    return format_number(value) if value is None or value == value else "unknown"


def _with_range(field: str, value: float, edges: dict[str, float]) -> str:
    return f"{_si(field, value)} ({_si(field, edges['low'])} to {_si(field, edges['high'])})"


def _si(field: str, value: float) -> str:
    shown = quantity(field, [value])
    return f"{shown.text(value)} {shown.unit}".rstrip()
