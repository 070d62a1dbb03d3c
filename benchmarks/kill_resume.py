"""Kills commands at random moments, runs them again, and compares with an undisturbed run.

    python -m benchmarks.kill_resume --json out/kills.json

Each command is killed with SIGKILL at a moment drawn from the time that it takes undisturbed, once
or several times in a row, alone or with its whole process group, and started again at once, with
``--resume`` where it has that. Nothing may be lost, half, different or left over. Prints the table
of docs/tool-faults.md.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.kill_cases import CASES, write_inputs
from benchmarks.kill_program import Program
from benchmarks.kill_rounds import COLUMNS, Rounds
from bitnet_hw.cli import run_guarded
from bitnet_hw.errors import BitnetHwError

_ROOT = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> None:
    """Kill every command, print the table, and fail if something was lost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--case", action="append", help="only those whose name has this in it")
    parser.add_argument("--kills", type=int, help="of each command, instead of its own number")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--program", type=Path, default=_ROOT, help="another checkout to run")
    parser.add_argument("--json", type=Path, help="file for the numbers of the table")
    options = parser.parse_args(arguments)
    cases = [
        case
        for case in CASES
        if not options.case or any(part in case.name for part in options.case)
    ]
    done = []
    with tempfile.TemporaryDirectory(prefix="kill-resume-") as name:
        program = Program(Path(name), options.program)
        write_inputs(program.inputs)
        for case in cases:
            rounds = Rounds(case, program, options.seed)
            done.append(rounds)
            rounds.run(case.kills if options.kills is None else options.kills)
            lines = [_line(case.name, rounds.seconds, rounds.counts), *rounds.findings]
            print("\n".join(lines), flush=True, file=sys.stderr)
    _print_table(done)
    if options.json:
        rows = [{"command": r.case.name, "seconds": r.seconds, **r.counts} for r in done]
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    findings = [finding for rounds in done for finding in rounds.findings]
    if findings:
        raise BitnetHwError(f"There must be no findings, not {len(findings)}")


def _print_table(done: Sequence[Rounds]) -> None:
    print(f"| command | s | {' | '.join(COLUMNS)} |")
    print(f"|{'---|' * (len(COLUMNS) + 2)}")
    for rounds in done:
        print(_line(rounds.case.name, rounds.seconds, rounds.counts))
    sums = {column: sum(rounds.counts[column] for rounds in done) for column in COLUMNS}
    print(_line("all", sum(rounds.seconds for rounds in done), sums))


def _line(name: str, seconds: float, counts: Mapping[str, int]) -> str:
    numbers = " | ".join(f"{counts[column]:,}" for column in COLUMNS)
    return f"| {name} | {seconds:.1f} | {numbers} |"


if __name__ == "__main__":
    sys.exit(run_guarded(main))
