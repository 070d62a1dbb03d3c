"""``bitnet-hw estimate``: cycles, tokens per second and joules of a model on an accelerator."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bitnet_hw.output import Format, csv_text, json_text, print_error, write, write_tables

if TYPE_CHECKING:
    from bitnet_hw.estimate_result import Estimate
    from bitnet_hw.system_prediction import Prediction

__all__ = ["estimate"]


class Phase(StrEnum):
    """What is estimated."""

    DECODE = "decode"
    PREFILL = "prefill"


def estimate(
    array: Annotated[
        str, typer.Argument(metavar="ARRAY.yaml", help="Configuration file, or preset name.")
    ],
    model: Annotated[
        str, typer.Option(help="Model: a preset name, a .yaml file, or a checkpoint.")
    ],
    phase: Annotated[
        Phase, typer.Option(help="One more token each, or the whole prompts.")
    ] = Phase.DECODE,
    batch: Annotated[int, typer.Option(help="Sequences.")] = 1,
    context: Annotated[
        int | None,
        typer.Option(
            help="Tokens of each sequence at the end; default: 512, or those of the request."
        ),
    ] = None,
    prompt: Annotated[
        int | None, typer.Option(help="Tokens that a request reads; with --generate.")
    ] = None,
    generate: Annotated[
        int | None, typer.Option(help="Tokens that a request gets; with --prompt.")
    ] = None,
    memory: Annotated[
        str | None, typer.Option(help="Memory instead of the file's: a name or a .yaml file.")
    ] = None,
    technology: Annotated[
        str | None, typer.Option(help="Technology instead of the file's: a name or a .yaml file.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Value instead of the file's, such as array.rows=32; may be repeated.",
        ),
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SYSTEM",
            help="Also a GPU, board or chip: a preset name or a .yaml file; may be repeated.",
        ),
    ] = None,
    sources: Annotated[
        bool, typer.Option("--sources", help="Also print every number used and its source.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            "-o",
            metavar="FILE.html",
            help="Also write a page with all tables and figures, which needs no network.",
        ),
    ] = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="How to print; CSV has one row per operator.")
    ] = Format.TABLE,
) -> None:
    """Estimate time, energy and memory of a model on an accelerator.

    With --prompt and --generate also those of a request, alone and with --batch others.

    Example: bitnet-hw estimate edge --model bitnet-b1.58-3b --context 1024
    """
    # Imported here, so that --help is immediate.
    from bitnet_hw.config import load_config
    from bitnet_hw.estimate import DEFAULT_CONTEXT
    from bitnet_hw.estimate import estimate as estimate_step
    from bitnet_hw.estimate_tables import estimate_tables
    from bitnet_hw.model import load_model
    from bitnet_hw.request import estimate_request
    from bitnet_hw.request_steps import mean_context
    from bitnet_hw.settings import parse_settings

    references = {"memory": memory, "technology": technology}
    changes = {key: value for key, value in references.items() if value}
    config = load_config(array, {**changes, **parse_settings(settings or ())})
    shape = load_model(model)
    request, usual = None, DEFAULT_CONTEXT
    if prompt is not None and generate is not None:
        request = estimate_request(config, shape, prompt=prompt, generate=generate, slots=batch)
        usual = prompt if phase is Phase.PREFILL else mean_context(prompt, generate)
    elif prompt is not None or generate is not None:
        missing = "generate" if generate is None else "prompt"
        raise typer.BadParameter("A request must have both", param_hint=f"--{missing}")
    context = usual if context is None else context
    result = estimate_step(config, shape, phase=phase.value, batch=batch, context=context)
    result = replace(result, request=request)
    # Before anything is printed: a system's file may be wrong.
    machines = _machines(result, beside)
    if report is not None:
        _write_report(result, report)
    if output_format is Format.JSON:
        write(json_text({**result.to_dict(), "machines": _machine_rows(result, machines)}))
    elif output_format is Format.CSV:
        write(csv_text(result.to_dict()["layers"]))
    else:
        write_tables(estimate_tables(result, sources=sources))
        _write_machines(result, machines)


def _machines(result: "Estimate", systems: Sequence[str] | None) -> "Sequence[Prediction]":
    if not systems:
        return ()
    # Imported here, as below: few estimates are put beside other machines.
    from bitnet_hw.machines import machines_beside

    return machines_beside(result, systems)


def _machine_rows(result: "Estimate", machines: "Sequence[Prediction]") -> list[dict[str, Any]]:
    if not machines:
        return []
    from bitnet_hw.machines import machine_rows

    return machine_rows(result, machines)


def _write_machines(result: "Estimate", machines: "Sequence[Prediction]") -> None:
    if machines:
        from bitnet_hw.machines import machine_table

        write_tables([machine_table(result, machines)])


def _write_report(result: "Estimate", file: Path) -> None:
    # Imported here, as plotly is: without a report an estimate starts in a blink.
    from bitnet_hw.atomic_files import prepare_folder, write_files
    from bitnet_hw.errors import ConfigError
    from bitnet_hw.estimate_page import estimate_page

    if file.is_dir():
        raise ConfigError(f"--report must be a file, not the folder {str(file)!r}")
    prepare_folder(file.parent)
    for path in write_files(file.parent, {file.name: estimate_page(result)}):
        print_error(str(path))
