"""``bitnet-hw pack``: the weights of a checkpoint as an array's weight port takes them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bitnet_hw.commands.checkpoint_options import CheckpointArgument, I2sOption
from bitnet_hw.output import Format, csv_text, json_text, print_error, write, write_tables

if TYPE_CHECKING:
    from bitnet_hw.weight_image.manifest import Manifest

__all__ = ["pack"]


def pack(
    checkpoint: CheckpointArgument,
    array: Annotated[
        str, typer.Argument(metavar="ARRAY.yaml", help="Configuration file, or preset name.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder; made if missing.")
    ],
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Write nothing: compare the image in DIR with both."),
    ] = False,
    layout: I2sOption = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="How to print; CSV has one row per job.")
    ] = Format.TABLE,
) -> None:
    """Write the byte stream of an array's weight port, and a manifest of its jobs.

    Jobs follow each other as a token passes them: layer by layer, q k v o gate up down. With
    --verify the files are read back, their checksums tested and every weight compared.

    Example: bitnet-hw pack path/to/bitnet-b1.58-2B-4T large -o out/image
    """
    # Imported here, so that --help is immediate.
    from bitnet_hw.checkpoint.reader import open_checkpoint
    from bitnet_hw.config import load_config
    from bitnet_hw.progress import late_progress
    from bitnet_hw.weight_image.verify import verify_image
    from bitnet_hw.weight_image.write import write_image

    geometry = load_config(array).array
    opened = open_checkpoint(checkpoint, i2s_layout=layout)
    title = "Verifying" if verify else "Packing"
    with late_progress(title, len(opened.tensors)) as progress:
        if verify:
            manifest = verify_image(opened, geometry, output, progress)
        else:
            manifest = write_image(opened, geometry, output, progress, warn=print_error)
    if output_format is Format.JSON:
        write(json_text({"verified": verify, "folder": str(output), **manifest.to_dict()}))
    elif output_format is Format.CSV:
        write(csv_text(manifest.to_dict()["jobs"]))
    else:
        write_tables(_tables(manifest, output, verify))


def _tables(manifest: "Manifest", folder: Path, verified: bool) -> list[Any]:
    from rich.table import Table

    table = Table(title=f"Weight image of {manifest.checkpoint}", title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    for name, value in (
        ("array", "{rows} x {lanes}, {weight_encoding}".format(**manifest.array)),
        ("jobs", f"{len(manifest.jobs):,}"),
        ("weights", f"{manifest.weights:,}"),
        ("bytes", f"{manifest.length:,}"),
        ("bits per weight", f"{manifest.bits_per_weight:.4f}"),
        ("padding", f"{100 * manifest.padding_fraction:.2f} %"),
        ("CRC-32C", manifest.crc32c),
    ):
        table.add_row(name, value)
    done = "verified: checksums and every weight agree" if verified else "written"
    return [table, f"{folder}: {done}"]
