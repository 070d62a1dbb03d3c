"""The whole path on real data: train, generate, simulate, estimate, explore, report.

``make run`` runs it. Example: ``python -m bitnet_hw.demo -o out``
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitnet_hw.atomic_files import prepare_folder, write_files
from bitnet_hw.cli import run_guarded
from bitnet_hw.commands.simulate import simulation_progress
from bitnet_hw.config import Config, load_config
from bitnet_hw.errors import SimulationFailed
from bitnet_hw.output import json_text, print_error, write_tables

if TYPE_CHECKING:
    from bitnet_hw.digits_run import DigitsRun
    from bitnet_hw.estimate_result import Estimate
    from bitnet_hw.exploration import Exploration
    from bitnet_hw.sweep import Sweep

__all__ = ["main"]

ARRAY = "edge"
MODEL = "bitnet-b1.58-3b"
SWEEP = "array-size"
_STEPS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything and return the exit code."""
    parser = argparse.ArgumentParser(prog="bitnet_hw.demo", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("out"), metavar="DIR")
    parser.add_argument("--waves", action="store_true", help="also write a waveform")
    options = parser.parse_args(arguments)
    return run_guarded(lambda: _demo(options.output, waves=options.waves))


def _demo(output: Path, *, waves: bool) -> None:
    started = time.monotonic()
    prepare_folder(output)
    config = load_config(ARRAY)
    verilog, paths = _generate(config, output / "verilog")
    digits = _digits(config, verilog, output, waves=waves)
    paths += write_files(output, {"digits.json": json_text(digits.to_dict()).encode()})
    if digits.verdict.run.waveform is not None:
        paths.append(digits.verdict.run.waveform)
    estimate = _estimate(config)
    paths += write_files(output, {"estimate.json": json_text(estimate.to_dict()).encode()})
    sweep, exploration = _explore()
    paths += _write_exploration(sweep, exploration, output / "explore")
    paths += write_files(output, {"report.html": _report(digits, estimate, sweep, exploration)})
    write_tables([_table(digits, estimate, exploration), *map(str, paths)])
    print_error(f"Done in {time.monotonic() - started:.0f} s.")
    if not digits.passed:
        raise SimulationFailed("The hardware must agree with the golden model; see digits.json")


def _say(number: int, what: str) -> None:
    print_error(f"[{number}/{_STEPS}] {what}")


def _generate(config: Config, folder: Path) -> tuple[str, list[Path]]:
    from rtl import verilog

    array = config.array
    _say(1, f"Generating the Verilog of {config.name}: {array.rows} rows x {array.lanes} lanes")
    prepare_folder(folder)
    text, description = verilog.emit(array)
    name = description["name"]
    contents = {f"{name}.v": text.encode(), f"{name}.json": json_text(description).encode()}
    return text, write_files(folder, contents)


def _digits(config: Config, verilog: str, output: Path, *, waves: bool) -> "DigitsRun":
    from bitnet_hw.digits_run import run_digits, train_digits
    from bitnet_hw.progress import late_progress
    from bitnet_hw.simulation import Simulation

    _say(2, "Training a classifier of digits, in fp32 and with ternary weights")
    epochs_done = 0
    with late_progress("Epochs", 60) as advance:

        def epoch(kind: str, done: int, epochs: int) -> None:
            nonlocal epochs_done
            epochs_done += 1
            advance(epochs_done)

        models = train_digits(progress=epoch)
    _say(3, "Putting the test images through the Verilog, in cocotb on Verilator")
    with simulation_progress() as progress:
        return run_digits(
            models,
            Simulation(config=config),
            verilog,
            output=output / "simulation",
            waves=waves,
            progress=progress,
        )


def _estimate(config: Config) -> "Estimate":
    from bitnet_hw.estimate import estimate
    from bitnet_hw.model import load_model

    _say(4, f"Estimating {MODEL} on {config.name}")
    return estimate(config, load_model(MODEL))


def _explore() -> "tuple[Sweep, Exploration]":
    from bitnet_hw.explore import run_sweep
    from bitnet_hw.progress import late_progress
    from bitnet_hw.sweep import load_sweep

    sweep = load_sweep(SWEEP)
    _say(5, f"Exploring {sweep.points} configurations")
    with late_progress("Exploring", sweep.points) as advance:
        return sweep, run_sweep(sweep, on_progress=advance)


def _write_exploration(sweep: "Sweep", exploration: "Exploration", folder: Path) -> list[Path]:
    from bitnet_hw.explore_files import explore_files

    prepare_folder(folder)
    contents = explore_files(sweep, exploration)
    # This run has one page for everything.
    del contents["report.html"]
    return write_files(folder, contents)


def _report(
    digits: "DigitsRun", estimate: "Estimate", sweep: "Sweep", exploration: "Exploration"
) -> bytes:
    from bitnet_hw import __version__
    from bitnet_hw.demo_report import digits_sections
    from bitnet_hw.estimate_report import estimate_sections
    from bitnet_hw.explore_files import workload_text
    from bitnet_hw.report import render_report
    from bitnet_hw.sweep_design import best_design
    from bitnet_hw.sweep_report import sweep_sections

    sections = [
        *digits_sections(digits),
        *estimate_sections(
            estimate,
            title=f"{MODEL} on {estimate.config.name}",
            lead="Time, energy and memory of one step of the whole model.",
        ),
        *sweep_sections(
            exploration,
            yaml_text=sweep.text,
            title="Array sizes",
            lead=f"{workload_text(sweep)}, on arrays of different sizes and two memories.",
            design=best_design(sweep, exploration),
        ),
    ]
    page = render_report(
        "From YAML to joules per token", sections, subtitle=f"Made by bitnet-hw {__version__}."
    )
    return page.encode()


def _table(digits: "DigitsRun", estimate: "Estimate", exploration: "Exploration") -> Any:
    from rich.table import Table

    simulation, result = digits.verdict.to_dict(), estimate.to_dict()
    ratios = result["baselines"]["fp16"]["ratios"]
    cycles = simulation["cycles_measured"]
    equal = "equal" if cycles == simulation["cycles_predicted"] else "DIFFERENT"
    logits = "bit-identical" if digits.logits_equal else "DIFFERENT"
    table = Table(show_header=False, title="Summary", title_justify="left")
    rows = [
        ("digits, accuracy in fp32", f"{digits.float_accuracy:.2%}"),
        ("digits, accuracy golden ternary", f"{digits.ternary_accuracy:.2%}"),
        ("digits, accuracy in the Verilog", f"{digits.hardware_accuracy:.2%}, logits {logits}"),
        ("accumulators compared", f"{simulation['outputs_checked']:,}"),
        ("mismatches", f"{simulation['mismatches']:,}"),
        ("cycles, simulated and predicted", f"{cycles:,}, {equal}"),
        (f"{MODEL}, tokens per second", f"{result['tokens_per_second']:.4g}"),
        (
            f"{MODEL}, energy per token",
            f"{1e3 * result['energy_per_token_j']:.4g} mJ, scope {result['scope']}",
        ),
        (
            "against FP16 on the same footing",
            "{energy:.2f}x less energy, {speed:.2f}x faster, {memory:.2f}x less memory".format(
                **ratios
            ),
        ),
        (
            "array sizes explored",
            f"{len(exploration.rows)}, of which {len(exploration.front)} on the Pareto front",
        ),
    ]
    for row in rows:
        table.add_row(*row)
    return table


if __name__ == "__main__":
    sys.exit(main())
