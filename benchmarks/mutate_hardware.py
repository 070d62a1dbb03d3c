"""Do the benches of the hardware bite? Mutants of every module, and which of them are found.

Yosys changes one pin of one cell at a time: inverted, stuck, or crossed with a second one.
The mutants that no bench finds are compared with the original by a solver, and listed.

Example: python -m benchmarks.mutate_hardware --module Sequencer --mutants 200
"""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import mutate_decoders as decoders
from benchmarks import mutate_queues as queues
from benchmarks import mutate_storage as storage
from benchmarks import mutate_sums as sums
from benchmarks.mutant_proofs import Verdict, judge
from benchmarks.mutants import Target, build_mutants, draw_mutations, run_mutants
from benchmarks.mutate_accelerator import accelerator
from benchmarks.mutate_ports import narrow
from bitnet_hw.cli import run_guarded
from bitnet_hw.errors import ConfigError, SimulationFailed
from bitnet_hw.output import json_text, write
from bitnet_hw.simulation import simulation_errors
from rtl.lane_style import LANE_STYLES

__all__ = ["TARGETS", "Score", "measure"]

TARGETS: dict[str, Callable[[], Target]] = {
    "Trit2Decoder": decoders.trit2,
    "Trit5Decoder": decoders.trit5,
    "WordDecoder-trit2": partial(decoders.word_decoder, "trit2"),
    "WordDecoder-trit5": partial(decoders.word_decoder, "trit5"),
    "WeightCheck": partial(queues.weight_check, 24),
    "StreamWatch": queues.stream_watch,
    "TileLoader-1": partial(queues.tile_loader, "trit5", 1),
    "TileLoader-3": partial(queues.tile_loader, "trit2", 3),
    # `compressed` differs from `biased` in its tree only.
    **{
        f"Operands-{style}": partial(sums.operands, style)
        for style in LANE_STYLES
        if style != "compressed"
    },
    "AdderTree-carries": partial(sums.adder_tree, carries=True),
    "AdderTree": partial(sums.adder_tree, carries=False),
    **{f"DotProduct-{style}": partial(sums.dot_product, style) for style in LANE_STYLES},
    "Accumulator-1": partial(storage.accumulator, 1),
    "Accumulator-3": partial(storage.accumulator, 3),
    "PartialSums-1": partial(storage.partial_sums, 1),
    "PartialSums-3": partial(storage.partial_sums, 3),
    "Row": sums.row,
    "Queue-1": partial(queues.queue, 1),
    "Queue-3": partial(queues.queue, 3),
    "Queue-4": partial(queues.queue, 4),
    "ResultBuffer": queues.result_buffer,
    "Counters": storage.counters,
    "Dispatcher": partial(accelerator, "Dispatcher", r"*\dispatcher.*"),
    "Sequencer": partial(accelerator, "Sequencer", r"*\sequencer.*"),
    "Accelerator": accelerator,
}


@dataclass(frozen=True, kw_only=True)
class Score:
    """How many mutants of a module were found.

    Attributes
    ----------
    module : str
        Its name.
    mutants, killed, equivalent : int
        Drawn; found by the bench; proven to be no different.
    survivors : list of (str, str)
        Of those not found: the verdict, and the mutation, as a command of Yosys.
    seconds : float
        Wall-clock time.
    """

    module: str
    mutants: int
    killed: int
    equivalent: int
    survivors: list[tuple[str, str]]
    seconds: float

    @property
    def score(self) -> float:
        """Share of the mutants not proven equivalent that were found."""
        different = self.mutants - self.equivalent
        return self.killed / different if different else 1.0


def measure(name: str, count: int, seed: int = 1) -> Score:
    """Mutate a module, and return what its bench finds.

    Raises
    ------
    SimulationFailed
        If the bench rejects the original.
    """
    started = time.monotonic()
    with narrow(), tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        folder = Path(directory)
        target = TARGETS[name]()
        mutations = draw_mutations(target, folder, count, seed)
        program = build_mutants(target, folder, mutations)
        original, *found = run_mutants(program, folder, len(mutations))
        if original != -1:
            raise SimulationFailed(f"The bench of {name} must pass unmutated: cycle {original}")
        survivors = [
            (str(judge(folder, mutation, search=target.small)), mutation)
            for cycle, mutation in zip(found, mutations, strict=True)
            if cycle == -1
        ]
    equivalent = sum(verdict == Verdict.EQUIVALENT for verdict, _ in survivors)
    return Score(
        module=name,
        mutants=len(mutations),
        killed=len(mutations) - len(survivors),
        equivalent=equivalent,
        survivors=survivors,
        seconds=time.monotonic() - started,
    )


def main(
    module: Annotated[
        list[str] | None, typer.Option(help="Repeatable; default: all of them.")
    ] = None,
    mutants: Annotated[int, typer.Option(min=1, help="Most mutants of a module.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the choice of mutants.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print every survivor as JSON.")] = False,
) -> None:
    """Mutate hardware modules and count which mutants their benches find."""
    if unknown := sorted(set(module or ()) - set(TARGETS)):
        raise ConfigError(f"--module must be one of {', '.join(TARGETS)}, not {unknown[0]}")
    names = module or list(TARGETS)
    scores = []
    if not as_json:
        print(_LINE.format("module", "mutants", "killed", "equivalent", "open", "score", "s"))
    with simulation_errors():
        for name in names:
            scores.append(measure(name, mutants, seed))
            if not as_json:
                _print(scores[-1])
    if as_json:
        write(json_text({"modules": [asdict(s) | {"score": s.score} for s in scores]}))


_LINE = "{:20} {:>8} {:>7} {:>11} {:>5} {:>8} {:>6}"


def _print(score: Score) -> None:
    """Print a module, and under it what was not found and is not equivalent."""
    left = [(v, mutation) for v, mutation in score.survivors if v != Verdict.EQUIVALENT]
    numbers = (score.mutants, score.killed, score.equivalent, len(left))
    share = f"{score.score:.1%}"
    print(_LINE.format(score.module, *numbers, share, f"{score.seconds:.0f}"), flush=True)
    for verdict, mutation in left:
        print(f"    {verdict}: {mutation}", flush=True)


if __name__ == "__main__":
    sys.exit(run_guarded(lambda: typer.run(main)))
