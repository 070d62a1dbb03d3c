"""``bitnet-hw reproduce``: what papers and boards report, beside ours."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bitnet_hw.output import Format, csv_text, json_text, write, write_tables

__all__ = ["reproduce"]


def reproduce(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Sets of figures, systems, or .yaml files of figures; all sets if none is given.",
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Errors as a picture: .png or .html."),
    ] = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="How to print; CSV has one row per figure.")
    ] = Format.TABLE,
) -> None:
    """Compute published figures again, and print each beside its source with the error.

    Example: bitnet-hw reproduce b1.58 bitnet-kv260 --plot errors.png
    """
    # Imported here, so that --help is immediate.
    from bitnet_hw.errors import ConfigError
    from bitnet_hw.reproduce.reproduction import reproduce as reproduce_figures

    if plot is not None and plot.suffix not in (".png", ".html"):
        raise ConfigError(f"--plot must be a .png or .html file, not {str(plot)!r}")
    result = reproduce_figures(names or ())
    if plot is not None and not result.compared:
        raise ConfigError("--plot shows errors; gates answer what is chosen, and have none")
    if plot is not None:
        _write_plot(plot, result)
    if output_format is Format.JSON:
        write(json_text(result.to_dict()))
    elif output_format is Format.CSV:
        rows = [row.to_dict() for row in result.rows]
        write(csv_text([{**row, "assumptions": "; ".join(row["assumptions"])} for row in rows]))
    else:
        from bitnet_hw.reproduce.table import reproduction_tables

        tables = [*reproduction_tables(result), *([f"{plot}: written"] if plot else [])]
        write_tables(tables)


def _write_plot(path: Path, result: Any) -> None:
    from bitnet_hw.atomic_files import prepare_folder, write_files

    if path.suffix == ".png":
        from bitnet_hw.reproduce.plot import error_png

        content = error_png(result)
    else:
        from bitnet_hw.reproduce.plot_page import error_page

        content = error_page(result).encode()
    prepare_folder(path.parent)
    write_files(path.parent, {path.name: content})
