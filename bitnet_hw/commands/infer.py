"""``bitnet-hw infer``: text out of a model whose ternary layers run in the hardware."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bitnet_hw.errors import SimulationFailed
from bitnet_hw.output import Format, csv_text, json_text, write

if TYPE_CHECKING:
    from bitnet_hw.config import Config
    from bitnet_hw.inference import Hardware
    from bitnet_hw.inference_result import Inference, Phase

__all__ = ["infer"]


def infer(
    checkpoint: Annotated[
        Path,
        typer.Argument(metavar="CHECKPOINT", help="Folder with config.json and *.safetensors."),
    ],
    prompt: Annotated[str, typer.Option(metavar="TEXT", help="What the model continues.")],
    tokens: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="The most tokens to generate.")
    ] = 64,
    array: Annotated[
        str, typer.Option(metavar="ARRAY.yaml", help="Configuration file, or preset name.")
    ] = "edge",
    golden: Annotated[
        bool, typer.Option("--golden", help="Multiply in the golden model, not the hardware.")
    ] = False,
    temperature: Annotated[
        float, typer.Option(min=0.0, max=100.0, help="0: always the likeliest token.")
    ] = 0.0,
    seed: Annotated[
        int, typer.Option(min=0, max=(1 << 63) - 1, help="Of the draws, with --temperature.")
    ] = 0,
    output_format: Annotated[
        Format, typer.Option("--format", help="How to print the result.")
    ] = Format.TABLE,
) -> None:
    """Continue a text with a model whose every ternary layer runs in the simulated hardware.

    Each sum is compared with the golden model's; weights arrive as fast as the array's memory
    delivers them. The text goes to standard output as it comes, and what it took to standard
    error; with --format json or csv it is the other way round. Nothing is downloaded.

    Example: bitnet-hw infer out/byte-model --prompt "def main(" --tokens 100
    """
    from bitnet_hw.config import load_config
    from bitnet_hw.inference import check_request
    from bitnet_hw.inference import infer as run
    from bitnet_hw.language_model import load_language_model
    from bitnet_hw.simulation import simulation_errors

    config = load_config(array)
    with _status("Loading the model ..."):
        model = load_language_model(checkpoint)
    # Building the simulator takes a while: whatever is wrong is found before.
    check_request(model, config, prompt, tokens)
    with simulation_errors():
        hardware = None if golden else _hardware(config)
        with _text(to_output=output_format is Format.TABLE) as show:
            result = run(
                model,
                config,
                prompt,
                tokens,
                hardware=hardware,
                temperature=temperature,
                seed=seed,
                show=show,
            )
    report = result.to_dict() | {"temperature": temperature, "seed": seed}
    if output_format is Format.JSON:
        write(json_text(report))
    elif output_format is Format.CSV:
        write(csv_text([{k: v for k, v in report.items() if not isinstance(v, dict)}]))
    else:
        _print_table(_table(result))
    if not result.passed:
        raise SimulationFailed(
            f"Cycles must equal the cycle model's {result.cycles_predicted}, "
            f"not be {result.cycles_simulated}"
        )


def _hardware(config: "Config") -> "Hardware":
    """Build the simulated accelerator, or find it in the cache."""
    from bitnet_hw.simulation import build_folder
    from bitnet_hw.timing import weight_rate
    from sim.rtl_matmul import RtlMatmul

    rate = weight_rate(config)
    with _status("Building the simulator ..."):
        return RtlMatmul(config.array, rate=(rate.words, rate.cycles), build_root=build_folder())


@contextmanager
def _text(*, to_output: bool) -> Iterator[Callable[[str], None]]:
    """Show text piece by piece; whatever happens, the last line is ended."""
    unfinished = False

    def show(piece: str) -> None:
        nonlocal unfinished
        if not piece:
            return
        unfinished = not piece.endswith("\n")
        if to_output:
            write(piece)
        else:
            print(piece, end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        if unfinished:
            show("\n")


def _status(doing: str) -> Any:
    """Show on a terminal what is being done."""
    from rich.console import Console

    return Console(stderr=True).status(doing)


def _print_table(table: Any) -> None:
    from rich.console import Console

    Console(stderr=True, highlight=False, markup=False).print(table)


def _table(result: "Inference") -> Any:
    """Return the result as a table for the terminal."""
    from rich.table import Table

    ran = "in the hardware" if result.backend == "rtl" else "in the golden model"
    table = Table(
        title=f"{result.layers} ternary layers {ran}, {result.config.name}",
        title_justify="left",
        caption=_caption(result),
        caption_justify="left",
    )
    table.add_column("")
    columns = [_column(phase, result.config.clock_mhz) for phase in (result.prefill, result.decode)]
    for title in ("prompt", "generated"):
        table.add_column(title, justify="right")
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    return table


def _column(phase: "Phase", clock_mhz: float) -> dict[str, str]:
    report = phase.to_dict()
    simulated, predicted = report["cycles_simulated"], report["cycles_predicted"]
    rate, energy_j = report["tokens_per_second"], report["energy_per_token_j"]
    rows = {"tokens through the model": f"{phase.tokens:,}", "jobs": f"{report['jobs']:,}"}
    if simulated is not None:
        equal = "as predicted" if simulated == predicted else "NOT as predicted"
        rows["cycles simulated"] = f"{simulated:,} ({equal})"
    return rows | {
        "cycles predicted": f"{predicted:,}",
        f"tokens/s at {clock_mhz:g} MHz": "-" if rate is None else f"{rate:,.0f}",
        "energy/token": "-" if energy_j is None else f"{1e6 * energy_j:,.4g} uJ",
    }


def _caption(result: "Inference") -> str:
    report = result.to_dict()
    compared = (
        f"{result.outputs_checked:,} sums compared with the golden model, 0 differ.\n"
        if result.backend == "rtl"
        else ""
    )
    return (
        f"{compared}Time and energy: scope {report['scope']}; {report['technology']}, "
        f"{report['memory']}."
    )
