"""How long other estimators take for a design, and how long this one does.

The same matrix products (a token through the BitLinear layers of BitNet b1.58 3B) are given to
SCALE-Sim, ZigZag and AccelForge, the whole model to GenZ. Each is installed into an environment of
its own and asked in a process of its own, which starts, warms up on a small layer, and then
evaluates up to three times; the fastest counts. A tool that fails is a row with its error.

All times are processor time, one thread each; other work on the machine changes them little.
Arrays, memories and energies differ from tool to tool: what is compared is the time to an answer,
not the answer. But for one: the cycles of SCALE-Sim are compared with a closed form.

Example: python benchmarks/peers.py --quick
"""

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.peer_findings import ALONE, SWEPT, Evaluation, closed_forms, ratios
from benchmarks.peer_list import PEERS, WHOLE_MODEL, Peer, layers
from benchmarks.peer_ours import layer_alone, layer_in_sweep, model_in_sweep
from benchmarks.peer_programs.measured import Timing, peak_rss_bytes
from benchmarks.peer_run import PeerFailed, ask, install
from benchmarks.peer_tables import covers, cycle_lines, ratio_table, time_table
from bitnet_hw.cli import run_guarded
from bitnet_hw.errors import ConfigError
from bitnet_hw.output import Format, csv_text, json_text, write, write_tables
from bitnet_hw.progress import late_progress
from bitnet_hw.sweep import load_sweep


def ours(*, quick: bool, jobs: int) -> Iterator[Evaluation]:
    """Yield what this project takes for the same questions."""

    def row(tool: str, question: str, timing: Timing) -> Evaluation:
        figures = {name: getattr(timing, name) for name in ("runs", "wall_s", "processor_s")}
        memory = peak_rss_bytes()
        return Evaluation(tool, question, **figures, peak_rss_bytes=memory, result=timing.result)

    sweep = load_sweep("million")
    for question in layers(quick=quick):
        yield row(ALONE, question.name, layer_alone(question))
    for question in layers(quick=quick):
        yield row(SWEPT, question.name, layer_in_sweep(question, sweep))
    yield row(SWEPT, WHOLE_MODEL, model_in_sweep(sweep, jobs))


def theirs(
    peer: Peer,
    folder: Path,
    interpreters: Mapping[tuple[int, ...], str],
    *,
    quick: bool,
    limit_s: float,
) -> Iterator[Evaluation]:
    """Yield what a peer takes, all its questions together in at most `limit_s`."""
    python, failure = None, ""
    try:
        python = install(peer, folder, interpreters)
    except PeerFailed as error:
        failure = f"not run: {error}"
    end = time.monotonic() + limit_s
    for question in peer.questions(quick=quick):
        left_s = end - time.monotonic()
        if python is None or left_s < 1:
            reason = failure or f"not run: {limit_s:,.0f} s are over"
            yield Evaluation(peer.title, question.name, reason)
            continue
        try:
            figures = ask(peer, question, python, left_s)
        except PeerFailed as error:
            yield Evaluation(peer.title, question.name, str(error))
            continue
        process_s, total_s = figures.pop("process_s"), figures.pop("total_s")
        start_up_s = process_s - figures["warm_up_s"] - total_s
        yield Evaluation(peer.title, question.name, None, start_up_s, **figures)


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Only a layer of 640x640.")] = False,
    peer: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(PEERS)}; repeatable; default: all."),
    ] = None,
    environments: Annotated[Path, typer.Option(help="Folder for what is installed.")] = Path(
        "build/peers"
    ),
    python312: Annotated[str, typer.Option(help="A Python 3.12.")] = "python3.12",
    limit_s: Annotated[float, typer.Option(min=1, help="For all evaluations of a tool.")] = 240.0,
    jobs: Annotated[int, typer.Option(min=1, help="Threads of our whole-model sweep.")] = 1,
    output_format: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TABLE,
) -> None:
    """Measure other estimators and this one on the same layers.

    Example: python benchmarks/peers.py --quick --peer zigzag
    """
    unknown = sorted(set(peer or ()) - set(PEERS))
    if unknown:
        raise ConfigError(f"--peer must be one of {', '.join(PEERS)}, not {unknown[0]}")
    chosen = [PEERS[name] for name in dict.fromkeys(peer or PEERS)]
    rows: list[Evaluation] = []
    with late_progress("Measuring", 1 + len(chosen)) as done:
        rows += ours(quick=quick, jobs=jobs)
        for count, item in enumerate(chosen, 1):
            done(count)
            interpreters = {(3, 12): python312}
            rows += theirs(item, environments, interpreters, quick=quick, limit_s=limit_s)
    dicts = [asdict(row) for row in rows]
    checks, factors = list(closed_forms(rows)), list(ratios(rows))
    if output_format is Format.JSON:
        packages = {item.title: list(item.requirements) for item in chosen}
        tables = {"evaluations": dicts, "ratios": factors, "closed_forms": checks}
        write(json_text({"packages": packages, "covers": covers(chosen), **tables}))
    elif output_format is Format.CSV:
        write(csv_text([{**item, "result": str(item["result"])} for item in dicts]))
    else:
        write_tables([time_table(dicts), ratio_table(factors), *cycle_lines(checks)])
        write_tables(f"{name}: {text}" for name, text in covers(chosen).items())


if __name__ == "__main__":
    sys.exit(run_guarded(lambda: typer.run(main)))
