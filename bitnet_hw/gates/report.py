"""What a characterisation says, as tables for the terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bitnet_hw.gates.characterization import NOT_COUNTED, Characterization

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["characterization_tables"]


def characterization_tables(result: Characterization) -> "list[Table | str]":
    """Return area by group, energy by operand stream and by group, and the cross-check."""
    macs = result.config.array.macs_per_cycle
    library, corner = result.library, result.library.corner
    title = (
        f"{result.config.name}, {result.number_format}, in {library.name}, {corner.voltage_v:g} V, "
        f"{corner.temperature_c:g} C, mapped for {result.config.clock_mhz:g} MHz"
    )
    areas = _table(title, "group", "cells", "registers", "area um2", "um2/MAC", "leakage uW")
    for group in result.groups:
        areas.add_row(
            group.group,
            f"{group.cells:,}",
            f"{group.registers:,}",
            f"{group.area_um2:,.1f}",
            f"{group.area_um2 / macs:.3f}",
            f"{1e-3 * group.leakage_nw:.3g}",
        )
    areas.add_section()
    areas.add_row(
        "array",
        f"{sum(group.cells for group in result.groups):,}",
        f"{sum(group.registers for group in result.groups):,}",
        f"{result.area_um2:,.1f}",
        f"{result.area_um2_per_mac:.3f}",
        f"{1e-3 * sum(group.leakage_nw for group in result.groups):.3g}",
    )
    fmax = result.fmax_mhz
    clock = (
        "fmax: not measured, OpenSTA is not installed (apt-get install opensta)"
        if fmax is None
        else f"fmax: {fmax:,.0f} MHz by OpenSTA, without wires"
    )
    lines = [*_energy(result), clock]
    return [areas, *lines, *_cross_check(result), f"Not counted: {'; '.join(NOT_COUNTED)}."]


def _energy(result: Characterization) -> "Iterator[Table | str]":
    for tokens in sorted({stream.tokens for stream in result.streams}):
        streams = [stream for stream in result.streams if stream.tokens == tokens]
        title = f"Energy, fJ per multiply-accumulate, a tile of weights for {tokens} " + (
            "step" if tokens == 1 else "steps"
        )
        table = _table(title, "", *(stream.operands for stream in streams))
        for group in streams[0].by_group:
            energies = (sum(stream.by_group[group].values()) for stream in streams)
            table.add_row(group, *(f"{energy:.2f}" for energy in energies))
        table.add_section()
        for kind in streams[0].by_kind:
            table.add_row(kind, *(f"{stream.by_kind[kind]:.2f}" for stream in streams))
        table.add_section()
        table.add_row("array", *(f"{stream.fj_per_mac:.2f}" for stream in streams))
        yield table


def _cross_check(result: Characterization) -> "list[Table | str]":
    rows = result.cross_check()
    if not rows:
        return []
    title = f"Power against OpenSTA, every net toggling {rows[0]['activity']:g} times a cycle"
    table = _table(title, "part", "kind", "own mW", "OpenSTA mW", "difference")
    for row in rows:
        difference = row["difference"]
        table.add_row(
            row["part"],
            row["kind"],
            f"{row['own_mw']:.4g}",
            f"{row['opensta_mw']:.4g}",
            "" if difference is None else f"{difference:+.1%}",
        )
    return [table]


def _table(title: str, *columns: str) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table
