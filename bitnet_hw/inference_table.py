"""What an inference took, as a table for the terminal."""

from rich.table import Table

from bitnet_hw.inference_result import Inference, Phase

__all__ = ["inference_notes", "inference_table"]


def inference_table(result: Inference) -> Table:
    """Return both phases side by side: tokens, jobs, cycles, rate and energy."""
    ran = "in the hardware" if result.backend == "rtl" else "in the golden model"
    table = Table(
        title=f"{result.layers} ternary layers {ran}, {result.config.name}",
        title_justify="left",
    )
    table.add_column("")
    columns = [_column(phase, result.config.clock_mhz) for phase in (result.prefill, result.decode)]
    for title in ("prompt", "generated"):
        table.add_column(title, justify="right")
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    return table


def inference_notes(result: Inference) -> list[str]:
    """Return the lines below the table: what was compared, and what time and energy are of."""
    report = result.to_dict()
    notes = [
        f"Time and energy: scope {report['scope']}; {report['technology']}, {report['memory']}."
    ]
    if result.backend == "rtl":
        sums = f"{result.outputs_checked:,} sums"
        notes.insert(0, f"{sums} compared with the golden model, 0 differ.")
    return notes


def _column(phase: Phase, clock_mhz: float) -> dict[str, str]:
    report = phase.to_dict()
    simulated, predicted = report["cycles_simulated"], report["cycles_predicted"]
    rate, energy_j = report["tokens_per_second"], report["energy_per_token_j"]
    rows = {"tokens through the model": f"{phase.tokens:,}", "jobs": f"{report['jobs']:,}"}
    if simulated is not None:
        rows["cycles simulated"] = f"{simulated:,}"
        rows["hardware's counters"] = (
            f"NOT as predicted: {', '.join(phase.differences)}"
            if phase.differences
            else "all as predicted"
        )
    return rows | {
        "cycles predicted": f"{predicted:,}",
        f"tokens/s at {clock_mhz:g} MHz": "-" if rate is None else f"{rate:,.0f}",
        "energy/token": "-" if energy_j is None else f"{1e6 * energy_j:,.4g} uJ",
    }
