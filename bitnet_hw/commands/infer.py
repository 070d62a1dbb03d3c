"""``bitnet-hw infer``: text out of a model whose ternary layers run in the hardware."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bitnet_hw.commands.checkpoint_options import I2sOption
from bitnet_hw.errors import SimulationFailed
from bitnet_hw.output import Format, csv_text, json_text, write

if TYPE_CHECKING:
    from bitnet_hw.config import Config
    from bitnet_hw.inference import Hardware
    from bitnet_hw.inference_result import Inference

__all__ = ["infer"]


def infer(
    checkpoint: Annotated[
        Path,
        typer.Argument(
            metavar="CHECKPOINT",
            help="Folder with config.json and *.safetensors, or .gguf file.",
        ),
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
    layout: I2sOption = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="How to print the result.")
    ] = Format.TABLE,
) -> None:
    """Continue a text with a model whose every ternary layer runs in the simulated hardware.

    Each sum is compared with the golden model's, and the hardware's five counters with the cycle
    model's; weights arrive as fast as the array's memory delivers them. The text goes to standard
    output as it comes, and what it took to standard error; with --format json or csv it is the
    other way round. Nothing is downloaded.

    Example: bitnet-hw infer out/byte-model --prompt "def main(" --tokens 100
    """
    from bitnet_hw.config import load_config
    from bitnet_hw.inference import check_request
    from bitnet_hw.inference import infer as run
    from bitnet_hw.inference_table import inference_notes, inference_table
    from bitnet_hw.language_model import load_language_model
    from bitnet_hw.simulation import simulation_errors

    config = load_config(array)
    with _status("Loading the model ..."):
        model = load_language_model(checkpoint, i2s_layout=layout)
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
        _print_below(inference_table(result), *inference_notes(result))
    _check_counters(result)


def _hardware(config: "Config") -> "Hardware":
    """Build the simulated accelerator, or find it in the cache."""
    from bitnet_hw.simulation import build_folder
    from bitnet_hw.timing import weight_rate
    from sim.rtl_matmul import RtlMatmul

    rate = weight_rate(config)
    with _status("Building the simulator ..."):
        return RtlMatmul(config.array, rate=(rate.words, rate.cycles), build_root=build_folder())


def _check_counters(result: "Inference") -> None:
    """Raise SimulationFailed if a counter of the hardware is not the cycle model's."""
    wrong = [
        f"{name} of {part} is {simulated}, not {predicted}"
        for part, phase in (("prefill", result.prefill), ("decode", result.decode))
        for name, (simulated, predicted) in phase.differences.items()
    ]
    if wrong:
        raise SimulationFailed(
            f"Every counter must equal the cycle model's, but {', '.join(wrong)}"
        )


@contextmanager
def _text(*, to_output: bool) -> Iterator[Callable[[str], None]]:
    """Show text piece by piece; whatever happens, the last line is ended.

    If the reader of standard output closes the pipe, the command ends there and then.
    """
    unfinished = False

    def show(piece: str) -> None:
        nonlocal unfinished
        if not piece:
            return
        unfinished = not piece.endswith("\n")
        if to_output:
            if not write(piece):
                # Each further token would take a pass through the hardware that nobody sees.
                raise typer.Exit
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


def _print_below(table: Any, *notes: str) -> None:
    """Print what is not the result to standard error."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, markup=False)
    console.print(table)
    for note in notes:
        console.print(note, soft_wrap=True)
