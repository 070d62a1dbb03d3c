"""What place and route says, as tables for the terminal."""

from typing import TYPE_CHECKING, Any

from bitnet_hw.fpga.implementation import Implementation, resources

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["implementation_tables"]

_TITLES = {
    "lut": "look-up tables",
    "carry": "carry cells",
    "register": "registers",
    "lut_ram": "RAM in look-up tables",
    "block_ram": "block RAM",
    "dsp": "multipliers",
}


def implementation_tables(result: Implementation) -> "list[Table | str]":
    """Return cells, places on the device, clock and critical path."""
    target, best = result.target, result.best
    title = f"{result.config.name} on {target.title}"
    cells = _table(title, "cells", "accelerator", "wrapper")
    inside = resources(result.synthesis.accelerator, target)
    frame = resources(result.synthesis.wrapper, target)
    for kind, name in _TITLES.items():
        cells.add_row(name, f"{inside[kind]:,}", f"{frame[kind]:,}")
    places = _table("Places on the device, wrapper included", "", "used", "available", "share")
    for kind, available in target.available.items():
        used = best.used[kind]
        share = f"{used / available:.1%}" if available else ""
        name = target.family.sites[kind]
        places.add_row(f"{kind.replace('_', ' ')} ({name})", f"{used:,}", f"{available:,}", share)
    clocks = result.fmax_mhz
    seeds = len(result.placements)
    clock = f"fmax: {clocks['best']:.1f} MHz"
    if seeds > 1:
        spread = f"median {clocks['median']:.1f}, worst {clocks['worst']:.1f}"
        clock = f"{clock} (seed {best.seed}, the best of {seeds}; {spread})"
    path = best.critical_path
    delay = f"{path.logic_ns:.2f} ns in cells, {path.routing_ns:.2f} ns on wires"
    if path.in_wrapper:
        delay += " (in the wrapper)"
    share = f"{result.logic_per_mac:.1f} for each multiply-accumulate in a cycle"
    placing = f"place and route {best.place_and_route_s:.0f}, packing {best.pack_s:.0f}"
    held = ", ".join(f"{count} {cell}" for cell, count in result.synthesis.activations.items())
    return [
        cells,
        places,
        f"{clock}; {result.peak_gmacs:.2f} GMAC/s at peak",
        f"Critical path: {path.start} to {path.end}, {delay}",
        f"Logic: {result.logic:,} places without the wrapper, {share}",
        f"Activations: {held or 'in registers'}",
        f"Bitstream: {best.bitstream_bytes:,} bytes, SHA-256 {best.bitstream_sha256}",
        f"Seconds: synthesis {result.synthesis.seconds:.0f}, {placing}",
    ]


def _table(title: str, *columns: str) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table
