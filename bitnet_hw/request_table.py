"""A request as a table for people."""

from rich.table import Table

from bitnet_hw.quantity import quantity
from bitnet_hw.request import Request

__all__ = ["request_table"]


def request_table(request: Request) -> Table:
    """Return what a request takes alone, and beside it, with several slots, among others."""
    table = Table(
        title=f"A request: {request.prompt} tokens in, {request.generate} out", title_justify="left"
    )
    values, load = request.to_dict(), request.load
    alone = {
        "time to first token": _show("time_s", request.seconds_to_first_token),
        "time per output token": _show("time_s", request.seconds_per_output_token),
        "time of the request": _show("time_s", request.seconds),
        "output tokens per second": f"{request.tokens_per_second:.4g}",
        "energy of the request": _show("energy_j", request.energy_j["system"]),
        "  over published ranges": " to ".join(
            _show("energy_j", request.energy_range_j[edge]) for edge in ("low", "high")
        ),
        "energy per output token": _show("energy_j", values["energy_per_output_token_j"]),
        "energy per token in or out": _show("energy_j", values["energy_per_total_token_j"]),
    }
    among = {
        # From the start of its prefill: how long it waits for a slot depends on who else asks.
        "time to first token": alone["time to first token"],
        "time per output token": _show("time_s", load.seconds_per_output_token),
        "time of the request": _show("time_s", load.seconds),
        "output tokens per second": f"{load.tokens_per_second:.4g}",
        "energy of the request": _show("energy_j", load.energy_j["system"]),
        "energy per output token": _show("energy_j", values["load"]["energy_per_output_token_j"]),
        "energy per token in or out": _show("energy_j", values["load"]["energy_per_total_token_j"]),
        "fits into the memory": "yes" if load.memory_fits else "no",
    }
    if "board" in request.energy_j:
        alone["energy of the request, board"] = _show("energy_j", request.energy_j["board"])
        among["energy of the request, board"] = _show("energy_j", load.energy_j["board"])
    columns = {"alone": alone, f"one of {load.slots} at once": among}
    if load.slots == 1:
        del columns[f"one of {load.slots} at once"]
    table.add_column("scope system")
    for heading in columns:
        table.add_column(heading, justify="right")
    for name in dict.fromkeys(name for column in columns.values() for name in column):
        table.add_row(name, *(column.get(name, "") for column in columns.values()))
    return table


def _show(field: str, value: float | None) -> str:
    if value is None:
        return ""
    shown = quantity(field, [value])
    return f"{shown.text(value)} {shown.unit}"
