"""``bitnet-hw inspect``: what a checkpoint is, and how its ternary weights are distributed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bitnet_hw.commands.checkpoint_options import CheckpointArgument, I2sOption
from bitnet_hw.output import Format, csv_text, json_text, write, write_tables

if TYPE_CHECKING:
    from bitnet_hw.checkpoint.reader import Checkpoint
    from bitnet_hw.checkpoint.statistics import TensorStatistics

__all__ = ["inspect"]

_PLOT_NAME = "distribution.png"


def inspect(
    checkpoint: CheckpointArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help=f"Folder for {_PLOT_NAME}."),
    ] = None,
    layout: I2sOption = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="How to print; CSV has one row per projection.")
    ] = Format.TABLE,
) -> None:
    """Read every ternary weight of a checkpoint and tell what is there.

    Example: bitnet-hw inspect path/to/bitnet-b1.58-2B-4T -o out/inspect
    """
    # Imported here, so that --help is immediate.
    from bitnet_hw.atomic_files import prepare_folder, write_files
    from bitnet_hw.checkpoint.reader import open_checkpoint
    from bitnet_hw.checkpoint.statistics import statistics_of
    from bitnet_hw.progress import late_progress

    opened = open_checkpoint(checkpoint, i2s_layout=layout)
    if output is not None:
        prepare_folder(output)
    rows = []
    with late_progress("Reading", len(opened.tensors)) as progress:
        for tensor in opened.tensors:
            rows.append(statistics_of(tensor))
            progress(len(rows))
    plot = None
    if output is not None:
        from bitnet_hw.checkpoint.distribution_plot import distribution_png

        name = opened.model.title or opened.model.name
        [plot] = write_files(output, {_PLOT_NAME: distribution_png(rows, title=name)})
    if output_format is Format.JSON:
        write(json_text(_summary(opened, rows, plot)))
    elif output_format is Format.CSV:
        write(csv_text([row.to_dict() for row in rows]))
    else:
        write_tables(_tables(opened, rows, plot))


def _summary(
    checkpoint: "Checkpoint", rows: "list[TensorStatistics]", plot: Path | None
) -> dict[str, Any]:
    from bitnet_hw.checkpoint.statistics import totals_of

    totals = totals_of(rows)
    minus, zero, plus = totals.fractions
    return {
        "checkpoint": str(checkpoint.path),
        "kind": checkpoint.kind,
        "model": checkpoint.model.model_dump(),
        "ternary_weights": totals.weights,
        "minus": minus,
        "zero": zero,
        "plus": plus,
        "entropy_bits": totals.entropy_bits,
        "ternary_bytes": sum(row.tensor.stored_bytes for row in rows),
        "other_tensors": len(checkpoint.others),
        "other_bytes": sum(tensor.nbytes for tensor in checkpoint.others.values()),
        "plot": None if plot is None else str(plot),
        "tensors": [row.to_dict() for row in rows],
    }


def _tables(
    checkpoint: "Checkpoint", rows: "list[TensorStatistics]", plot: Path | None
) -> list[Any]:
    from rich.table import Table

    summary = _summary(checkpoint, rows, plot)
    model = checkpoint.model
    ways = {(row["storage"], row["scale_convention"]) for row in summary["tensors"]}
    mixed = len(ways) > 1
    title = "Ternary weights" if mixed else "Ternary weights: {}, scale: {}".format(*min(ways))
    table = Table("tensor", title=title, title_justify="left")
    for name in ("storage", "scale") if mixed else ():
        table.add_column(name)
    for name in ("n x k", "1/mean", "-1 %", "0 %", "+1 %", "bits"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in summary["tensors"]:
        table.add_row(
            f"{row['layer']} {row['role']}",
            *((row["storage"], row["scale_convention"]) if mixed else ()),
            f"{row['n']} x {row['k']}",
            f"{row['inverse_mean']:.5g}",
            *(f"{100 * row[name]:.2f}" for name in ("minus", "zero", "plus")),
            f"{row['entropy_bits']:.4f}",
        )
    norms = "sub-norms" if model.sub_norms else "no sub-norms"
    head = "tied lm_head" if model.tied_embeddings else "lm_head of its own"
    what = f"{checkpoint.path}: {checkpoint.kind}"
    shape = (
        f"{model.layers} layers, hidden {model.hidden}, ffn {model.ffn}, "
        f"{model.heads}/{model.kv_heads} heads of {model.head_dim}, vocabulary {model.vocab}, "
        f"{model.activation}, {norms}, {head}"
    )
    totals = (
        f"{summary['ternary_weights']:,} ternary weights in {summary['ternary_bytes']:,} bytes: "
        f"{100 * summary['minus']:.2f} % -1, {100 * summary['zero']:.2f} % 0, "
        f"{100 * summary['plus']:.2f} % +1; entropy {summary['entropy_bits']:.4f} bits per weight"
    )
    others = f"{summary['other_tensors']} other tensors in {summary['other_bytes']:,} bytes"
    return [what, shape, table, totals, others, *([f"{plot}: written"] if plot else [])]
