"""Logits of tiny checkpoints of every kind, ours beside transformers' own, bit for bit.

Each checkpoint is loaded twice, by transformers alone and by `bitnet_hw.language_model`; both get
two prompts and then some tokens one by one, with their KV caches. Ours multiplies with the golden
model's integer matrix product, and then with the Verilog of an array. All logits are compared, and
every ternary matrix that `bitnet_hw.checkpoint` reads with what transformers has unpacked.

transformers' ``BitLinear`` computes with integers: not a bit may differ. Its ``AutoBitLinear``
multiplies dequantised numbers, so the exact logits are those of a ``BitLinear`` checkpoint with the
same weights and the reciprocal scales, loaded by transformers too; how far ``AutoBitLinear`` itself
is from them is reported, for each layer alone and for the whole model, as the largest difference
over the root mean square of a token's outputs. In the whole model an activation now and then falls
on the other side of a half.

transformers has no place for fused tensors (qkv_proj, gate_up_proj) in these models. They are
compared matrix by matrix with the checkpoint from which they were made; fused master weights have
one mean instead of three and are another model.

Example: python benchmarks/parity.py --format json
"""

import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from benchmarks.parity_cases import PACKINGS, Case, all_cases
from benchmarks.parity_check import Parity, run_cases
from bitnet_hw.cli import run_guarded
from bitnet_hw.errors import ConfigError, SimulationFailed
from bitnet_hw.output import Format, csv_text, json_text, write, write_tables
from bitnet_hw.progress import late_progress
from bitnet_hw.simulation import simulation_errors
from rtl.geometry import Geometry
from sim.rtl_matmul import RtlMatmul

GEOMETRY = Geometry(
    rows=4, lanes=8, weight_bus_bits=56, max_k=128, max_tokens=4, output_bus_words=4
)


def by_packing(results: dict[Case, Parity]) -> dict[str, Parity]:
    """Return the sums for each packing, and of everything."""
    sums = {packing: Parity() for packing in (*PACKINGS, "all")}
    for case, parity in results.items():
        sums[case.packing].add(parity)
        sums["all"].add(parity)
    return sums


def table(sums: dict[str, Parity]) -> Any:
    """Return the sums as a table for the terminal."""
    from rich.table import Table

    view = Table(
        "",
        title="Ours beside transformers; float: its AutoBitLinear beside the exact result",
        title_justify="left",
    )
    for packing in sums:
        view.add_column(packing, justify="right")
    names = {
        "checkpoints": "checkpoints",
        "matrices": "matrices",
        "matrices_different": "  different",
        "logits": "logits, golden",
        "logits_different": "  different",
        "rtl_logits": "logits, RTL",
        "rtl_logits_different": "  different",
        "layer_error": "float, a layer",
        "model_error": "float, the model",
    }
    for key, name in names.items():
        values = [getattr(parity, key) for parity in sums.values()]
        view.add_row(
            name,
            *(f"{value:,}" if isinstance(value, int) else f"{value:.1e}" for value in values),
        )
    return view


def main(
    packing: Annotated[
        list[str] | None, typer.Option(help=f"{', '.join(PACKINGS)}; repeatable; default: all.")
    ] = None,
    compiled: Annotated[
        bool, typer.Option("--compiled", help="Let transformers compile its layers, as it does.")
    ] = False,
    output_format: Annotated[
        Format, typer.Option("--format", help="How to print; CSV has one row per checkpoint kind.")
    ] = Format.TABLE,
) -> None:
    """Compare the logits of tiny checkpoints of every kind with transformers' own, bit for bit.

    Example: python benchmarks/parity.py --format json
    """
    import transformers

    unknown = sorted(set(packing or ()) - set(PACKINGS))
    if unknown:
        raise ConfigError(f"--packing must be one of {', '.join(PACKINGS)}, not {unknown[0]}")
    logging: Any = transformers.logging
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    cases = [case for case in all_cases() if not packing or case.packing in packing]
    with simulation_errors():
        matmul = RtlMatmul(GEOMETRY)
        with late_progress("Comparing", len(cases)) as done:
            results = run_cases(cases, matmul, compiled=compiled, done=done)
    sums = by_packing(results)
    rows = [{"case": case.label, **asdict(parity)} for case, parity in results.items()]
    if output_format is Format.JSON:
        totals = {name: asdict(parity) for name, parity in sums.items()}
        write(json_text({"passed": sums["all"].passed, "by_packing": totals, "cases": rows}))
    elif output_format is Format.CSV:
        write(csv_text(rows))
    else:
        write_tables([table(sums)])
    wrong = [case.label for case, parity in results.items() if not parity.passed]
    if wrong:
        raise SimulationFailed(f"{len(wrong)} of {len(results)} kinds differ, first {wrong[0]}")


if __name__ == "__main__":
    sys.exit(run_guarded(lambda: typer.run(main)))
