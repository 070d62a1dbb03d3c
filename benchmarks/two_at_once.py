"""Runs each command twice at once, on one folder of results and one empty cache.

    python -m benchmarks.two_at_once

Both must come to their end, and leave what one alone leaves. Then once more, where one of the two
is killed half-way: the other one must not notice, and the next run removes what the killed one has
left. Prints a table of docs/tool-faults.md.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.kill_cases import CASES, Case, write_inputs
from benchmarks.kill_program import Program
from benchmarks.kill_results import broken_entries, results, strays
from bitnet_hw.cli import run_guarded
from bitnet_hw.errors import BitnetHwError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run pairs, print the table, and fail if one of them disturbed the other."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--case", action="append", help="only those whose name has this in it")
    options = parser.parse_args(arguments)
    findings: list[str] = []
    print("| command | exit codes of two | one killed: the other | findings |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="two-at-once-") as name:
        program = Program(Path(name))
        write_inputs(program.inputs)
        for case in CASES:
            if options.case and not any(part in case.name for part in options.case):
                continue
            both, other, found = _pairs(case, program)
            print(f"| {case.name} | {both} | {other} | {len(found)} |", flush=True)
            findings += [f"{case.name}: {finding}" for finding in found]
    for finding in findings:
        print(finding, file=sys.stderr)
    if findings:
        raise BitnetHwError(f"There must be no findings, not {len(findings)}")


def _pairs(case: Case, program: Program) -> tuple[str, str, list[str]]:
    """Return the exit codes of two, that of one whose twin was killed, and what was wrong."""
    whole = program.new_folder("whole")
    seconds = program.finish(program.start(case.arguments, whole, program.new_folder("warm")))
    wanted = results(whole)
    statuses, findings = [], []
    for kill in (False, True):
        out, cache = program.new_folder("out"), program.new_folder("cold")
        first, second = (
            program.start(case.arguments, out, cache, log=f"log{number}") for number in range(2)
        )
        with first, second:
            if kill:
                first.kill_at(seconds / 2, group=True)
            else:
                statuses.append(program.outcome(first)[0])
            status, message = program.outcome(second)
        statuses.append(status)
        if any(statuses):
            findings.append(message)
        if results(out) != wanted:
            findings.append("the results are not those of one alone")
        if kill:
            # One that finds all results in their folder, and one that finds none.
            for folder in (out, program.new_folder("again")):
                more = case.resume if folder == out else ()
                program.finish(program.start((*case.arguments, *more), folder, cache))
        findings += [*strays(out, cache, wanted), *broken_entries(cache)]
    return f"{statuses[0]}, {statuses[1]}", str(statuses[2]), findings


if __name__ == "__main__":
    sys.exit(run_guarded(main))
