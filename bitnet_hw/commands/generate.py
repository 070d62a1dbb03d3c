"""``bitnet-hw generate``: the Verilog of an accelerator and the description of its ports."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bitnet_hw.errors import BuildFailed, ConfigError
from bitnet_hw.output import Format, csv_text, json_text, write, write_tables
from rtl.geometry import Geometry

__all__ = ["generate"]

_MODULE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def generate(
    array: Annotated[
        str, typer.Argument(metavar="ARRAY.yaml", help="Configuration file, or preset name.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder; made if missing.")
    ],
    name: Annotated[
        str | None, typer.Option(help="Name of the module and the files; default: the file's.")
    ] = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="How to print; CSV has one row per port.")
    ] = Format.TABLE,
) -> None:
    """Write the Verilog of an accelerator, and its ports and geometry as JSON.

    The same configuration gives the same bytes; files that are already so are left alone.

    Example: bitnet-hw generate configs/arrays/edge.yaml -o build/edge
    """
    from bitnet_hw.atomic_files import prepare_folder, write_files
    from bitnet_hw.config import load_config

    config = load_config(array)
    # Files are often named with hyphens, modules cannot be.
    module = _module_name(name or config.name.replace("-", "_"))
    prepare_folder(output)
    verilog, description = _emit(config.array, module)
    contents = {
        f"{module}.v": verilog.encode(),
        f"{module}.json": json_text(description).encode(),
    }
    changed = {
        file: content for file, content in contents.items() if not _holds(output / file, content)
    }
    write_files(output, changed)
    ports = list(_ports(description["interface"]))
    if output_format is Format.JSON:
        report = {
            "name": module,
            "verilog": str(output / f"{module}.v"),
            "description": str(output / f"{module}.json"),
            "changed": list(changed),
            "verilog_sha256": description["verilog_sha256"],
            "ports": ports,
        }
        write(json_text(report))
    elif output_format is Format.CSV:
        write(csv_text(ports))
    else:
        from rich.table import Table

        table = Table("port", "direction", "width", "signed", title=module, title_justify="left")
        for port in ports:
            signed = "yes" if port["signed"] else "no"
            table.add_row(port["name"], port["direction"], str(port["width"]), signed)
        lines = [
            f"{output / file}: {'written' if file in changed else 'unchanged'}" for file in contents
        ]
        write_tables([table, *lines, f"SHA-256 {description['verilog_sha256']}"])


def _module_name(name: str) -> str:
    if not _MODULE_NAME.fullmatch(name):
        raise ConfigError(
            "Module name must be a letter or underscore and at most 63 more letters, digits or "
            f"underscores, not {name!r}; choose one with --name"
        )
    return name


def _emit(geometry: Geometry, name: str) -> tuple[str, dict[str, Any]]:
    """Build the hardware, with a sign of life on a terminal: a large array takes a while."""
    from amaranth.back.verilog import YosysError
    from rich.console import Console

    from rtl import verilog

    try:
        with Console(stderr=True).status(f"Generating {name} ..."):
            return verilog.emit(geometry, name)
    except YosysError as error:
        raise BuildFailed(f"Yosys must accept the generated design: {error}") from error


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _ports(interface: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Walk Amaranth's description of an interface down to its ports."""
    for member in interface["members"].values():
        if member["type"] == "port":
            yield {
                "name": member["name"],
                "direction": member["dir"],
                "width": member["width"],
                "signed": member["signed"],
            }
        else:
            yield from _ports(member)
