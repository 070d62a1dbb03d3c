"""Other machines beside an estimate: GPUs, boards and chips that are described by a system file."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bitnet_hw.estimate_result import Estimate
from bitnet_hw.system import load_system
from bitnet_hw.system_prediction import Prediction, predict

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["machine_rows", "machine_table", "machines_beside"]

_WEIGHTS = ("fp16", "ternary")


def machines_beside(result: Estimate, systems: Sequence[str]) -> tuple[Prediction, ...]:
    """Return the step of an estimate on other machines, in each weight format that they run.

    Parameters
    ----------
    result : Estimate
        Model, phase, batch and context.
    systems : sequence of str
        Presets under ``configs/systems/``, or paths of files.

    Raises
    ------
    ConfigError
        If there is no such system, or something in it is wrong.
    """
    predictions = []
    for reference in systems:
        system = load_system(reference)
        for weights in _WEIGHTS:
            if system.operators.route("linear", weights) is not None:
                prediction = predict(
                    system,
                    result.model,
                    phase=result.phase,
                    batch=result.batch,
                    context=result.context,
                    weights=weights,
                )
                predictions.append(prediction)
    return tuple(predictions)


def machine_rows(result: Estimate, machines: Sequence[Prediction]) -> list[dict[str, Any]]:
    """Return each machine with its time and energy over ours, ready for JSON.

    Energies are compared in the scope ``board`` of the machine, or ``chip`` where only that is
    known, with our scope ``system``, or ``board`` where a board is given.
    """
    scope = result.scopes[-1]
    ours_j = result.step_energy_j(scope) / result.tokens
    rows = []
    for machine in machines:
        energy = machine.energy_per_token_j
        theirs = next((name for name in ("board", "chip") if name in energy), None)
        rows.append({
            **machine.to_dict(),
            "energy_scope": theirs,
            "our_scope": scope,
            "ratios": {
                "speed": result.tokens_per_second / machine.tokens_per_second,
                "energy": energy[theirs] / ours_j if theirs else None,
            },
        })
    return rows


def machine_table(result: Estimate, machines: Sequence[Prediction]) -> "Table":
    """Return the machines as a table for people."""
    from rich.table import Table

    table = Table(
        title=f"Other machines; theirs over ours in time and energy (scope {result.scopes[-1]})",
        title_justify="left",
    )
    table.add_column("machine")
    table.add_column("weights")
    for column in ("tokens/s", "J/token", "time", "energy"):
        table.add_column(column, justify="right")
    for row in machine_rows(result, machines):
        energy_j = row["energy_per_token_j"].get(row["energy_scope"])
        ratio = row["ratios"]["energy"]
        table.add_row(
            row["system"],
            row["weights"],
            f"{row['tokens_per_second']:.4g}",
            "" if energy_j is None else f"{energy_j:.4g} ({row['energy_scope']})",
            f"{row['ratios']['speed']:.2f}x",
            "" if ratio is None else f"{ratio:.2f}x",
        )
    return table
