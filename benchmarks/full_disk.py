"""Runs commands on a disk that is full too early, and again when there is space.

    python -m benchmarks.full_disk

The folder of the results, or the cache, is a file system in memory of some part of the space that
the command needs, which takes root to mount. The command must fail with one error that names the
lack of space, what was there before must be as it was, and with more space a second run must give
what an undisturbed one gives. Prints a table of docs/tool-faults.md.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.kill_cases import CASES, Case, write_inputs
from benchmarks.kill_program import Program
from benchmarks.kill_results import broken_entries, half_files, results, strays
from bitnet_hw.cli import run_guarded
from bitnet_hw.errors import BitnetHwError

_SHARES = (0.0, 0.3, 0.6, 0.9)
_SHARES_OF_CACHE = (0.1, 0.6)
_LEAST_KIB = 16
_ENOUGH = "1g"
_REASON = "no space left"


@dataclass(frozen=True)
class Outcome:
    """What a command did with too little space."""

    place: str
    share: float
    status: int
    message: str
    findings: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill disks, print the table, and fail if something was lost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--case", action="append", help="only those whose name has this in it")
    parser.add_argument("--place", choices=("results", "cache"), help="only that disk is full")
    options = parser.parse_args(arguments)
    findings: list[str] = []
    print("| command | full | share of the space | exit code | the last line | findings |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="full-disk-") as name:
        program = Program(Path(name))
        write_inputs(program.inputs)
        for case in CASES:
            if options.case and not any(part in case.name for part in options.case):
                continue
            for outcome in _outcomes(case, program, options.place):
                found = len(outcome.findings)
                print(
                    f"| {case.name} | {outcome.place} | {outcome.share:.0%} | {outcome.status} | "
                    f"{outcome.message} | {found} |",
                    flush=True,
                )
                findings += outcome.findings
    for finding in findings:
        print(finding, file=sys.stderr)
    if findings:
        raise BitnetHwError(f"There must be no findings, not {len(findings)}")


def _outcomes(case: Case, program: Program, place: str | None) -> Iterator[Outcome]:
    cache, whole = program.new_folder("cache"), program.new_folder("whole")
    program.finish(program.start(case.arguments, whole, cache))
    wanted = results(whole)
    for share in _SHARES if place != "cache" else ():
        yield _full_results(case, program, cache, wanted, share)
    if case.cold and place != "results":
        for share in _SHARES_OF_CACHE:
            yield _full_cache(case, program, cache, wanted, share)


def _full_results(
    case: Case, program: Program, cache: Path, wanted: Mapping[str, bytes], share: float
) -> Outcome:
    out = program.new_folder("out")
    needed = _kib(program.folder / "whole")
    with _small_disk(out, _ENOUGH):
        earlier: Mapping[str, bytes] = {}
        if case.before:
            program.finish(program.start(case.before, out, cache))
            earlier = results(out)
        _resize(out, f"{_kib(out) + max(_LEAST_KIB, int(share * needed))}k")
        command = program.start(case.arguments, out, cache)
        status, message = program.outcome(command)
        findings = [*_wrong(status, message), *half_files(out, earlier, wanted)]
        if case.before and results(out) != earlier:
            findings.append("what was there before is not as it was")
        _resize(out, _ENOUGH)
        program.finish(program.start((*case.arguments, *case.resume), out, cache))
        if results(out) != wanted:
            findings.append("with space the results are others")
        findings += strays(out, cache, wanted)
    return Outcome("results", share, status, message, tuple(findings))


def _full_cache(
    case: Case, program: Program, full: Path, wanted: Mapping[str, bytes], share: float
) -> Outcome:
    out, cache = program.new_folder("out"), program.new_folder("small")
    with _small_disk(cache, f"{max(_LEAST_KIB, int(share * _kib(full)))}k"):
        status, message = program.outcome(program.start(case.arguments, out, cache))
        findings = [*_wrong(status, message), *half_files(out, wanted), *broken_entries(cache)]
        _resize(cache, _ENOUGH)
        program.finish(program.start((*case.arguments, *case.resume), out, cache))
        if results(out) != wanted:
            findings.append("with space the results are others")
        findings += [*strays(out, cache, wanted), *broken_entries(cache)]
    return Outcome("cache", share, status, message, tuple(findings))


def _wrong(status: int, message: str) -> Iterator[str]:
    if status not in (1, 3):
        yield f"exit code {status}"
    if _REASON not in message.lower():
        yield f"the message says nothing of the disk: {message}"


def _kib(folder: Path) -> int:
    """Return the space that the files in a folder take, in KiB."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sum(-(-path.stat().st_size // 4096) * 4 for path in files)


@contextmanager
def _small_disk(folder: Path, size: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _resize(folder: Path, size: str) -> None:
    _mount("-o", f"remount,size={size}", str(folder))


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BitnetHwError(f"A small disk must be mounted, which needs root: {done.stderr}")


if __name__ == "__main__":
    sys.exit(run_guarded(main))
