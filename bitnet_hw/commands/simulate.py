"""``bitnet-hw simulate``: the Verilog in a simulator, held to the golden and the cycle model."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bitnet_hw.errors import SimulationFailed
from bitnet_hw.output import Format, csv_text, json_text, write, write_tables

if TYPE_CHECKING:
    from bitnet_hw.simulation import Verdict

__all__ = ["simulate", "simulation_progress", "verdict_table"]

_FLAT = ("counters_measured", "counters_predicted", "random_flow", "messages")


class Simulator(StrEnum):
    """What runs the Verilog."""

    VERILATOR = "verilator"
    ICARUS = "icarus"


def simulate(
    array: Annotated[
        str, typer.Argument(metavar="ARRAY.yaml", help="Configuration file, or preset name.")
    ],
    shape: Annotated[
        list[str] | None,
        typer.Option(metavar="MxKxN", help="Tokens x inputs x outputs of a job; may be repeated."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="All projections of one layer of a model instead.")
    ] = None,
    tokens: Annotated[int, typer.Option(min=1, max=4096, help="Tokens, with --model.")] = 1,
    random: Annotated[
        int, typer.Option(min=1, max=10_000, help="Random jobs, without --shape and --model.")
    ] = 20,
    weight_rate: Annotated[
        str, typer.Option(metavar="A/B", help="A words of weights every B cycles.")
    ] = "1/1",
    simulator: Annotated[
        Simulator, typer.Option(help="What runs the Verilog.")
    ] = Simulator.VERILATOR,
    seed: Annotated[int, typer.Option(min=0, help="Of the random data and jobs.")] = 1,
    waves: Annotated[bool, typer.Option("--waves", help="Write a waveform into DIR.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Keep log and waveform; default: waves."
        ),
    ] = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="How to print the result.")
    ] = Format.TABLE,
) -> None:
    """Run jobs through the Verilog and compare every output and every cycle.

    Jobs run back to back with random data; outputs are compared with the golden model, counters
    with the cycle model. Without --shape and --model, random jobs also run under random pauses on
    all streams.

    Example: bitnet-hw simulate edge --shape 1x3200x3200
    """
    from bitnet_hw.config import load_config
    from bitnet_hw.model import load_model
    from bitnet_hw.simulation import Simulation, model_jobs, parse_rate, parse_shape, random_jobs

    config = load_config(array)
    rate = parse_rate(weight_rate)
    simulation = Simulation(config=config, simulator=simulator.value, seed=seed)
    directory = output or (Path("waves") if waves else None)
    jobs = [job for text in shape or () for job in parse_shape(text, config.array)]
    if model is not None:
        jobs += model_jobs(load_model(model), tokens, config.array)
    flow: dict[str, int] = {}
    with simulation_progress() as progress:
        verilog = simulation.verilog()
        if not jobs:
            jobs = random_jobs(config.array, random, seed)
            flow = simulation.run_random_flow(verilog, scenarios=random)
        verdict = simulation.run(
            simulation.random_operands(jobs),
            verilog,
            rate=rate,
            output=directory,
            waves=waves,
            progress=progress,
            random_flow=flow,
        )
    report = verdict.to_dict() | {"seed": seed}
    if output_format is Format.JSON:
        write(json_text(report))
    elif output_format is Format.CSV:
        write(csv_text([{key: value for key, value in report.items() if key not in _FLAT}]))
    else:
        write_tables([verdict_table(verdict), *_places(verdict)])
    if not verdict.passed:
        raise SimulationFailed(_complaint(verdict))


@contextmanager
def simulation_progress() -> Iterator[Any]:
    """Show on a terminal what the simulation is doing: building, then outputs compared."""
    from rich.console import Console

    with Console(stderr=True).status("Generating Verilog ...") as status:

        def show(stage: str, compared: int, total: int) -> None:
            doing = {
                "build": "Building the simulator ...",
                "run": f"Simulating: {compared:,} of {total:,} outputs compared",
            }
            status.update(doing[stage])

        yield show


def verdict_table(verdict: "Verdict") -> Any:
    """Return the result as a table for the terminal."""
    from rich.table import Table

    run, result = verdict.run, verdict.to_dict()
    table = Table(
        show_header=False, title=f"{verdict.config.name} on {run.simulator}", title_justify="left"
    )
    table.add_row("result", "pass" if verdict.passed else "FAIL")
    table.add_row("jobs", f"{result['jobs']:,}")
    table.add_row("outputs compared", f"{result['outputs_checked']:,}")
    table.add_row("mismatches", f"{result['mismatches']:,}")
    if verdict.random_flow:
        flow = verdict.random_flow
        text = f"{flow['jobs']:,} jobs, {flow['outputs_checked']:,} outputs"
        table.add_row("  under random pauses", text)
    for name, measured in result["counters_measured"].items():
        predicted = result["counters_predicted"][name]
        equal = "as predicted" if measured == predicted else f"predicted {predicted:,}"
        table.add_row(name.replace("_", " "), f"{measured:,} ({equal})")
    table.add_row("multiply-accumulates", f"{verdict.macs:,}")
    table.add_row("utilization", f"{verdict.utilization:.2%} of peak")
    table.add_row("seconds", f"{run.seconds:.1f}, and {run.build_seconds:.1f} to build")
    return table


def _places(verdict: "Verdict") -> Iterator[str]:
    if verdict.run.waveform is not None:
        yield f"{verdict.run.waveform}: waveform"


def _complaint(verdict: "Verdict") -> str:
    """Say in one sentence what is wrong."""
    if verdict.run.messages:
        first, *others = verdict.run.messages
        return first + (f" (and {len(others)} more)" if others else "")
    wrong = [
        f"{name} {measured}, not {verdict.to_dict()['counters_predicted'][name]}"
        for name, measured in verdict.to_dict()["counters_measured"].items()
        if measured != verdict.to_dict()["counters_predicted"][name]
    ]
    return f"Counters must equal the cycle model: {', '.join(wrong)}"
