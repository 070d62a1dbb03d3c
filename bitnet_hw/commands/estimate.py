"""``bitnet-hw estimate``: cycles, tokens per second and joules of a model on an accelerator."""

from enum import StrEnum
from typing import Annotated

import typer

from bitnet_hw.output import Format, csv_text, json_text, write, write_tables

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
    context: Annotated[int, typer.Option(help="Tokens of each sequence at the end.")] = 512,
    memory: Annotated[
        str | None, typer.Option(help="Memory instead of the file's: a name or a .yaml file.")
    ] = None,
    technology: Annotated[
        str | None, typer.Option(help="Technology instead of the file's: a name or a .yaml file.")
    ] = None,
    sources: Annotated[
        bool, typer.Option("--sources", help="Also print every number used and its source.")
    ] = False,
    output_format: Annotated[
        Format, typer.Option("--format", help="How to print; CSV has one row per operator.")
    ] = Format.TABLE,
) -> None:
    """Estimate time, energy and memory of a model on an accelerator.

    Example: bitnet-hw estimate edge --model bitnet-b1.58-3b --context 1024
    """
    # Imported here, so that --help is immediate.
    from bitnet_hw.config import load_config
    from bitnet_hw.estimate import estimate as estimate_step
    from bitnet_hw.estimate_tables import estimate_tables
    from bitnet_hw.model import load_model

    changes = {"memory": memory, "technology": technology}
    config = load_config(array, {key: value for key, value in changes.items() if value})
    result = estimate_step(
        config, load_model(model), phase=phase.value, batch=batch, context=context
    )
    if output_format is Format.JSON:
        write(json_text(result.to_dict()))
    elif output_format is Format.CSV:
        write(csv_text(result.to_dict()["layers"]))
    else:
        write_tables(estimate_tables(result, sources=sources))
