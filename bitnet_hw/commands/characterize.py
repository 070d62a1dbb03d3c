"""``bitnet-hw characterize``: an array in standard cells: area, clock, energy."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bitnet_hw.output import json_text, write, write_tables

__all__ = ["characterize"]


class ReportFormat(StrEnum):
    """How the command prints its result."""

    TABLE = "table"
    JSON = "json"


class OperandStream(StrEnum):
    """Operands that activity is measured with."""

    DIGITS = "digits"
    UNIFORM = "uniform"
    RELU2 = "relu2"


def characterize(
    array: Annotated[
        str, typer.Argument(metavar="ARRAY.yaml", help="Configuration file, or preset name.")
    ],
    library: Annotated[
        str,
        typer.Option(
            metavar="DIR|NAME",
            help="Folder with Liberty files (.lib, .lib.gz), or asap7, ihp-sg13g2 or osu018.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the report as JSON."),
    ] = None,
    operands: Annotated[
        list[OperandStream] | None,
        typer.Option(help="Operand stream; may be repeated. Default: all."),
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
    its power beside ours. The report is JSON; it is not a technology file for `estimate` yet.

    Example: bitnet-hw characterize edge --library osu018 -o build/edge-osu018.json
    """
    from bitnet_hw.atomic_files import prepare_folder, write_files
    from bitnet_hw.config import load_config
    from bitnet_hw.gates.flow import characterize_array
    from bitnet_hw.gates.library import find_library
    from bitnet_hw.gates.operands import draw_operands
    from bitnet_hw.gates.parts import array_parts
    from bitnet_hw.gates.report import characterization_tables
    from bitnet_hw.gates.tools import yosys_version
    from bitnet_hw.progress import late_progress

    config = load_config(array)
    cells = find_library(library)
    yosys_version()
    if output is not None:
        prepare_folder(output.parent)
    streams = [draw_operands(stream.value) for stream in operands or OperandStream]
    parts = len(array_parts(config.array))
    with late_progress(f"{config.name} in {cells.name}: parts", parts) as progress:
        result = characterize_array(config, cells, streams, flatten=flatten, progress=progress)
    report = json_text(result.to_dict())
    if output is not None:
        write_files(output.parent, {output.name: report.encode()})
    if output_format is ReportFormat.JSON:
        write(report)
    else:
        places = [f"{output}: report as JSON"] if output is not None else []
        write_tables([*characterization_tables(result), *places])
