"""Hostile input for every parser of the tool: broken files, broken expressions, broken settings.

    python -m benchmarks.fuzz --inputs 1000000 --findings out/fuzz

Inputs are made from small right files: cut off at every byte of their headers, then with other
bits, words, tokens, values, keys, shapes and places; the same for the same seed. An input may be
accepted, or refused by an error of the tool: one printable sentence. Anything else is a finding: a
traceback, a crash, more than 2 seconds, more than 512 MiB, and anything that no parser may do
(code that is run, a program, a socket, a file removed).
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.fuzz_atheris import fuzz_by_coverage
from benchmarks.fuzz_targets import TARGETS
from benchmarks.fuzz_verdict import Finding
from benchmarks.fuzz_worker import Tally, finding_name, fuzz
from bitnet_hw.cli import run_guarded
from bitnet_hw.errors import BitnetHwError

_WIDTH = 100
_COLUMNS = ("parser", "inputs", "accepted", "refused", "findings", "slowest s", "MiB", "inputs/s")


def main(arguments: Sequence[str] | None = None) -> None:
    """Feed every parser, print the table, and fail if there is a finding."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=10_000, help="of all parsers together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=("random", "atheris"), default="random")
    parser.add_argument("--parser", action="append", help="only those whose name has this in it")
    parser.add_argument("--findings", type=Path, help="folder for inputs that were findings")
    parser.add_argument("--json", type=Path, help="file for the numbers of the table")
    options = parser.parse_args(arguments)
    targets = [
        target
        for target in TARGETS
        if not options.parser or any(part in target.name for part in options.parser)
    ]
    shares = sum(target.share for target in targets)
    tallies = {}
    for target in targets:
        # Rounded up: all together are at least as many as asked for.
        count = -(-options.inputs * target.share // shares)
        if options.engine == "atheris":
            tallies[target.name] = _by_coverage(target.name, count, options.seed)
        else:
            tallies[target.name] = fuzz(target, count, options.seed)
        print(f"{target.name}: {count}", file=sys.stderr, flush=True)
        _save(tallies[target.name], options.findings)
    rows = [_row(name, tally) for name, tally in tallies.items()]
    # Wide enough for all columns, in a pipe too.
    Console(width=_WIDTH).print(table_of(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    found = [item for tally in tallies.values() for item in tally.findings.values()]
    for item in found:
        print(f"{item.parser}: {item.reason}")
    if found:
        raise BitnetHwError(f"There must be no findings, not {len(found)}")


def _by_coverage(name: str, count: int, seed: int) -> Tally:
    fields = fuzz_by_coverage(name, count, seed)
    findings = {
        reason: Finding(**{**finding, "content": bytes.fromhex(finding["content"])})
        for reason, finding in fields.pop("findings").items()
    }
    return Tally(findings=findings, **fields)


def _save(tally: Tally, folder: Path | None) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for finding in tally.findings.values():
        path = folder / finding_name(finding)
        path.with_suffix(".input").write_bytes(finding.content)
        text = f"{finding.parser}: {finding.reason}\n{finding.details}\n"
        path.with_suffix(".txt").write_text(text, encoding="utf-8", errors="backslashreplace")


def _row(name: str, tally: Tally) -> dict[str, str | int | float]:
    values = (
        name,
        tally.inputs,
        tally.accepted,
        tally.refused,
        len(tally.findings),
        round(tally.slowest_s, 2),
        round(tally.peak_mib),
        round(tally.inputs / max(tally.seconds, 1e-9)),
    )
    return dict(zip(_COLUMNS, values, strict=True))


def table_of(rows: Sequence[dict[str, str | int | float]]) -> Table:
    """Return a row for each parser, and one for all together."""
    table = Table(title="Hostile input", title_justify="left")
    for column in _COLUMNS:
        table.add_column(column, justify="left" if column == "parser" else "right")
    for row in rows:
        table.add_row(str(row["parser"]), *(f"{row[name]:,}" for name in _COLUMNS[1:]))
    totals = (sum(int(row[name]) for row in rows) for name in _COLUMNS[1:5])
    slowest, peak = (max(row[name] for row in rows) for name in _COLUMNS[5:7])
    table.add_section()
    table.add_row("all", *(f"{total:,}" for total in totals), f"{slowest:,}", f"{peak:,}", "")
    return table


if __name__ == "__main__":
    sys.exit(run_guarded(main))
