"""Flipped bits in the weight stream: what the hardware notices, and what networks make of the rest.

First, words with one, two or three flipped bits run through the compiled accelerator, with and
without check bits; every result is compared with that of the flipped words, decoded, so that
nothing else is believed to happen. Then the trained digits classifier, and with ``--checkpoint`` a
byte-level language model, work with the weights that come out of a stream in which bits flip.

Example: python -m benchmarks.bit_flips --checkpoint out/byte-model --plot out/bit-flips.png
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from benchmarks.flip_campaign import DESIGNS, run_campaign
from benchmarks.flip_effects import (
    Effect,
    digits_score,
    language_score,
    measure_effects,
)
from benchmarks.flip_figure import effects_png
from bitnet_hw.atomic_files import prepare_folder, write_files
from bitnet_hw.cli import run_guarded
from bitnet_hw.config import load_config
from bitnet_hw.errors import SimulationFailed
from bitnet_hw.output import Format, csv_text, json_text, write, write_tables
from bitnet_hw.progress import late_progress
from bitnet_hw.simulation import simulation_errors
from rtl.geometry import WEIGHTS_PER_BYTE, Geometry
from rtl.word_check import width_for

RATES = (1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
_CAMPAIGN_NOTE = """\
noticed: by the check or, without one, as an illegal code; wrong: with results that differ; escaped:
wrong and not noticed; results: share that differs; error: of these, median and largest, over the
root mean square of the right ones.
"""
CASES = (("trit5", "none"), ("trit2", "none"), ("trit5", "hamming"))
_EDGE = load_config("edge").array


def edge(encoding: str, check: str) -> Geometry:
    """Return the array of the preset ``edge`` with a word for each tile."""
    data_bytes = -(-_EDGE.rows * _EDGE.lanes // WEIGHTS_PER_BYTE[encoding])
    sizes = {key: getattr(_EDGE, key) for key in ("rows", "lanes", "max_k", "output_bus_words")}
    return Geometry(
        **sizes,
        weight_encoding=encoding,
        weight_bus_bits=width_for(data_bytes, check),
        weight_check=check,
    )


def _campaign_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    view = Table(
        title="Bits of one word flipped in each run of the compiled accelerator",
        title_justify="left",
    )
    view.add_column("weights")
    for name in ("flips", "runs", "noticed", "wrong", "escaped", "results", "error"):
        view.add_column(name, justify="right")
    for row in rows:
        checked = row["check"] != "none"
        noticed = row["corrupt_word" if checked else "illegal_code"]
        view.add_row(
            row["encoding"] + (f" {row['check']}" if checked else ""),
            str(row["flips"]),
            *(f"{count:,}" for count in (row["injected"], noticed, row["wrong"], row["escaped"])),
            f"{row['wrong_results'] / row['results']:.1%}",
            f"{row['median_error'] or 0:.2f} to {row['largest_error'] or 0:.2f}",
        )
    return view


def _effect_table(effects: Sequence[Effect]) -> Table:
    cases = list(dict.fromkeys((e.network, e.encoding, e.check) for e in effects))
    view = Table(
        "flipped bits",
        title="Networks: share of right digits, bits per byte; mean over the seeds",
        title_justify="left",
    )
    for network, encoding, check in cases:
        view.add_column(f"{network}\n{encoding}, {check}", justify="right")
    view.add_column("words read again", justify="right")
    view.add_column("wrong words that pass", justify="right")
    for rate in dict.fromkeys(effect.bit_error_rate for effect in effects):
        at = [effect for effect in effects if effect.bit_error_rate == rate]
        means = [
            np.mean([e.score for e in at if (e.network, e.encoding, e.check) == case])
            for case in cases
        ]
        checked = [effect for effect in at if effect.check != "none"]
        words = sum(effect.words for effect in checked)
        noticed = sum(effect.noticed_words for effect in checked)
        passed = sum(effect.flipped_words for effect in checked) - noticed
        view.add_row(
            f"{rate:g}",
            *(f"{mean:.4f}" for mean in means),
            f"{noticed / words:.2%}",
            f"{passed} of {words:,}",
        )
    return view


def main(
    runs: Annotated[int, typer.Option(help="Runs for each array and number of flips.")] = 2500,
    seeds: Annotated[int, typer.Option(help="Patterns of flips for each network and rate.")] = 5,
    checkpoint: Annotated[
        Path | None, typer.Option(help="A byte-level language model (examples/).")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="PNG file of the networks' scores.")] = None,
    output_format: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TABLE,
) -> None:
    """Flip bits of the weight stream, in the hardware and under trained networks.

    Example: python -m benchmarks.bit_flips --checkpoint out/byte-model --plot out/bit-flips.png
    """
    campaigns = []
    with simulation_errors(), late_progress("runs", 3 * runs * len(DESIGNS)) as progress:
        for done, (encoding, check) in enumerate(DESIGNS):
            campaigns += run_campaign(
                encoding,
                check,
                runs,
                progress=lambda number, done=done: progress(done * 3 * runs + number),
            )
    scores = [digits_score(), *([] if checkpoint is None else [language_score(checkpoint)])]
    effects: list[Effect] = []
    with late_progress("networks", len(scores) * len(CASES)) as progress:
        for score in scores:
            for case in CASES:
                effects += measure_effects(score, edge(*case), RATES, range(seeds))
                progress(len(effects) // (len(RATES) * seeds))
    if plot is not None:
        prepare_folder(plot.parent)
        write_files(plot.parent, {plot.name: effects_png(effects)})
    rows = [campaign.summary() for campaign in campaigns]
    surprises = sum(campaign.surprises for campaign in campaigns)
    if output_format is Format.JSON:
        write(json_text({"runs": rows, "networks": [asdict(effect) for effect in effects]}))
    elif output_format is Format.CSV:
        write(csv_text(rows))
    else:
        write_tables([_campaign_table(rows), _CAMPAIGN_NOTE, _effect_table(effects)])
    if surprises:
        raise SimulationFailed(f"{surprises} runs gave other results than the flipped words have")


if __name__ == "__main__":
    sys.exit(run_guarded(lambda: typer.run(main)))
