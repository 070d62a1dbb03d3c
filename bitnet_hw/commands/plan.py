"""``bitnet-hw plan``: the smallest system that does what is asked, or why none can."""

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bitnet_hw.commands.estimate import Phase
from bitnet_hw.errors import BitnetHwError
from bitnet_hw.output import Format, csv_text, json_text, write, write_tables

if TYPE_CHECKING:
    from bitnet_hw.plan.answer import Answer

__all__ = ["plan"]


def plan(
    model: Annotated[
        str, typer.Option(help="Model: a preset name, a .yaml file, or a checkpoint.")
    ],
    tokens_per_second: Annotated[
        float | None, typer.Option(help="At least so many, all sequences together.")
    ] = None,
    watts: Annotated[
        float | None, typer.Option(help="At most so much power, of chips and memories.")
    ] = None,
    area_mm2: Annotated[
        float | None, typer.Option(help="At most so much cell area, all chips together.")
    ] = None,
    dollars: Annotated[
        float | None, typer.Option(help="At most so much for chips and memories.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Sequences.")] = 1,
    context: Annotated[
        int | None, typer.Option(help="Tokens of each sequence at the end; default: 512.")
    ] = None,
    phase: Annotated[
        Phase, typer.Option(help="One more token each, or the whole prompts.")
    ] = Phase.DECODE,
    search: Annotated[
        str, typer.Option(metavar="SEARCH.yaml", help="Search file, or preset name.")
    ] = "systems",
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Over any reported field, such as 'chips.count <= 4'; may be repeated.",
        ),
    ] = None,
    smallest: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EXPRESSION",
            help="What makes a system smaller, instead of the file's; may be repeated.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Value instead of the file's, such as formats.lm_head=int8; may be repeated.",
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=1000, help="Smallest systems to print.")] = 5,
    each: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="Also the smallest for each value, such as of memory."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Threads; default: one per CPU.")
    ] = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="How to print; CSV has one row per system.")
    ] = Format.TABLE,
) -> None:
    """Find the smallest system that runs a model as fast as asked within limits, or why none can.

    Every design of the search file is estimated. The exit code is 1 if none does it.

    Example: bitnet-hw plan --model llama-1t --tokens-per-second 10 --watts 500
    """
    # Imported here, so that --help is immediate.
    from bitnet_hw.estimate import DEFAULT_CONTEXT
    from bitnet_hw.plan.file import load_plan
    from bitnet_hw.plan.solve import solve
    from bitnet_hw.plan.tables import answer_tables
    from bitnet_hw.progress import late_progress
    from bitnet_hw.settings import parse_settings

    bounds = {
        "--tokens-per-second": ("tokens_per_second >=", tokens_per_second),
        "--watts": ("total_power_w <=", watts),
        "--area-mm2": ("total_area_mm2 <=", area_mm2),
        "--dollars": ("total_dollars <=", dollars),
    }
    limits = {}
    for option, (condition, bound) in bounds.items():
        if bound is not None:
            if not 0 < bound <= _LARGEST:
                raise typer.BadParameter(
                    f"must be above 0 and at most {_LARGEST:g}, not {bound:g}", param_hint=option
                )
            limits[option] = f"{condition} {bound:.15g}"
    question = load_plan(
        search,
        {
            "model": model,
            "phase": phase.value,
            "batch": batch,
            "context": DEFAULT_CONTEXT if context is None else context,
        },
        limits=limits,
        require=require or (),
        smallest=smallest or (),
        settings=parse_settings(settings or ()),
        each=each,
    )
    with late_progress(f"Searching {question.sweep.file.path.stem}", question.sweep.points) as go:
        result = solve(question, top=top, jobs=jobs or os.cpu_count() or 1, on_progress=go)
    if output_format is Format.JSON:
        write(json_text(result.to_dict()))
    elif output_format is Format.CSV:
        write(csv_text(_rows(result)))
    else:
        write_tables(answer_tables(result))
    if result.binding:
        raise BitnetHwError(result.binding.sentence())


_LARGEST = 1e12


def _rows(result: "Answer") -> list[dict[str, Any]]:
    """Return a row for each system, for the closest one if there is none."""
    from bitnet_hw.plan.design import number

    designs = list(result.designs) or ([result.binding.closest] if result.binding else [])
    fields = dict.fromkeys(name for found in designs for name in found.row)
    fields.pop("error", None)
    fields.pop("key", None)
    return [
        {
            "rank": rank,
            "possible": not result.binding,
            **{name: number(found.row.get(name)) for name in fields},
        }
        for rank, found in enumerate(designs, start=1)
    ]
