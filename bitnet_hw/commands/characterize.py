"""``bitnet-hw characterize``: an array in standard cells, or on an FPGA."""

import inspect
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from bitnet_hw.output import json_text, write, write_tables

__all__ = ["characterize"]


class ReportFormat(StrEnum):
    """How the command prints its result."""

    TABLE = "table"
    JSON = "json"


class NumberFormat(StrEnum):
    """Number formats of arrays of multipliers."""

    INT8 = "int8"
    FP16 = "fp16"


class OperandStream(StrEnum):
    """Operands that activity is measured with."""

    DIGITS = "digits"
    UNIFORM = "uniform"
    RELU2 = "relu2"


def characterize(
    array: Annotated[
        list[str],
        typer.Argument(
            metavar="ARRAY.yaml...",
            help="Configuration file, or preset name; several for a technology file only.",
        ),
    ],
    library: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|NAME",
            help="Folder with Liberty files (.lib, .lib.gz), or asap7, ihp-sg13g2 or osu018.",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="FPGA",
            help="Place and route instead, on ecp5-85k, ecp5-45k, ecp5-25k, ice40-hx8k or "
            "ice40-up5k.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=1, help="First seed of place and route. Default: 1.")
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="Seeds of place and route, side by side. Default: 1."),
    ] = None,
    bitstream: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the bitstream of the best seed."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the report as JSON; with the ending .yaml a technology file instead.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Value instead of the file's, such as clock_mhz=200; may be repeated.",
        ),
    ] = None,
    node_nm: Annotated[
        float | None,
        typer.Option(help="Process node of a library without a name, for a technology file."),
    ] = None,
    training: Annotated[
        bool,
        typer.Option(
            help="For a technology file also measure small arrays of many shapes; without them "
            "it is good for arrays like the given ones only."
        ),
    ] = True,
    jobs: Annotated[
        int, typer.Option(min=1, help="Arrays that are measured at the same time.")
    ] = 1,
    operands: Annotated[
        list[OperandStream] | None,
        typer.Option(help="Operand stream; may be repeated. Default: all."),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="CHECKPOINT",
            help="Also measure on a layer of this language model while it reads the prompt.",
        ),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(help="What it reads. Default: the source of Python's inspect module."),
    ] = None,
    baseline: Annotated[
        NumberFormat | None,
        typer.Option(
            metavar="int8|fp16",
            help="Instead of the array, one of multipliers of the same rows, lanes and tokens.",
        ),
    ] = None,
    flatten: Annotated[
        bool, typer.Option("--flatten", help="Optimise across modules: smaller, less detail.")
    ] = False,
    output_format: Annotated[
        ReportFormat, typer.Option("--format", help="How to print the result.")
    ] = ReportFormat.TABLE,
) -> None:
    """Synthesise an array into standard cells and measure area, clock and energy.

    Yosys maps the very Verilog of the rows and the weight loader to the cells of the library;
    Verilator counts the toggles of every net on real operands, each output compared with the golden
    model; the Liberty file says what each costs. With OpenSTA installed also the highest clock, and
    its power beside ours.

    With -o FILE.yaml the arrays, and small ones of many shapes, are made into a technology file for
    `estimate`. What is measured is kept, so that an interrupted run goes on.

    With --baseline the same report for an array of multipliers, INT8 with int32 sums or FP16.

    With --target the whole accelerator is placed and routed on an FPGA instead (docs/fpga.md).

    Example: bitnet-hw characterize edge --library osu018 -o build/edge-osu018.json
    """
    from bitnet_hw.atomic_files import prepare_folder, write_files
    from bitnet_hw.config import load_config
    from bitnet_hw.gates.array_design import ternary_design
    from bitnet_hw.gates.baseline_operands import draw_baseline_operands
    from bitnet_hw.gates.baseline_stimulus import baseline_design
    from bitnet_hw.gates.flow import characterize_array
    from bitnet_hw.gates.library import find_library
    from bitnet_hw.gates.operands import draw_operands
    from bitnet_hw.gates.report import characterization_tables
    from bitnet_hw.gates.tools import yosys_version
    from bitnet_hw.progress import late_progress
    from bitnet_hw.settings import parse_settings

    changes = parse_settings(settings or ())
    config, *others = configs = [load_config(name, changes) for name in array]
    if target is not None:
        _refuse("--target", library=library, operands=operands, flatten=flatten, node_nm=node_nm)
        _refuse("--target", baseline=baseline, checkpoint=checkpoint, prompt=prompt)
        if others:
            raise typer.BadParameter("A report must have one array", param_hint="ARRAY.yaml")
        from bitnet_hw.fpga.command import report_implementation

        first = seed or 1
        report_implementation(
            config,
            target,
            seeds=range(first, first + (seeds or 1)),
            output=output,
            bitstream=bitstream,
            as_json=output_format is ReportFormat.JSON,
        )
        return
    if library is None:
        raise typer.BadParameter("One of --library and --target must be given")
    _refuse("--library", seed=seed, seeds=seeds, bitstream=bitstream)
    cells = find_library(library)
    yosys_version()
    if output is not None and output.suffix in (".yaml", ".yml"):
        _refuse(f"-o {output.name}", baseline=baseline, checkpoint=checkpoint, prompt=prompt)
        from bitnet_hw.gates.technology_flow import write_technology

        arrays = write_technology(
            configs, cells, output, training=training, node_nm=node_nm, jobs=jobs
        )
        write_tables([f"{output}: technology of {cells.name}, fitted to {arrays} arrays"])
        return
    if others:
        raise typer.BadParameter("A report must have one array", param_hint="ARRAY.yaml")
    if checkpoint is None and prompt is not None:
        raise typer.BadParameter("--prompt must be given together with --checkpoint")
    if output is not None:
        prepare_folder(output.parent)
    names = [stream.value for stream in operands or OperandStream]
    if baseline is None:
        design = ternary_design(config.array)
        streams: list[Any] = [draw_operands(name) for name in names]
        if checkpoint is not None:
            from bitnet_hw.checkpoint_operands import checkpoint_operands

            streams.append(checkpoint_operands(checkpoint, prompt or inspect.getsource(inspect)))
    else:
        _refuse("--baseline", checkpoint=checkpoint)
        design = baseline_design(config.array, baseline.value)
        streams = [draw_baseline_operands(name, baseline.value) for name in names]
    title = f"{config.name} in {cells.name}: parts"
    with late_progress(title, len(design.parts)) as progress:
        result = characterize_array(
            config, cells, streams, design=design, flatten=flatten, progress=progress
        )
    report = json_text(result.to_dict())
    if output is not None:
        write_files(output.parent, {output.name: report.encode()})
    if output_format is ReportFormat.JSON:
        write(report)
    else:
        places = [f"{output}: report as JSON"] if output is not None else []
        write_tables([*characterization_tables(result), *places])


def _refuse(option: str, **others: object) -> None:
    """Raise the error of options that do not go with another one."""
    for name, value in others.items():
        if value:
            given = f"--{name.replace('_', '-')}"
            raise typer.BadParameter(f"{given} and {option} must not be given together")
