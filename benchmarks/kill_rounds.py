"""One command, killed again and again: what is lost, half or left over each time."""

import json
import random
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.kill_cases import Case
from benchmarks.kill_process import Command
from benchmarks.kill_program import Program
from benchmarks.kill_results import (
    broken_entries,
    cache_entries,
    half_files,
    kept_points,
    results,
    strays,
)

__all__ = ["COLUMNS", "Rounds"]

COLUMNS = (
    *("kills", "runs to the end", "kept", "lost", "different", "half", "stray", "broken"),
    "orphans",
)
"""What is counted. kept: finished points and entries of the cache that were there after the kills;
lost: those that the next run did not take; different: files of a run to the end that are not those
of an undisturbed one; broken: entries of the cache that are not whole; orphans: processes that live
10 s later."""

_ORPHANS_S = 10.0


@dataclass
class Rounds:
    """Kills of one command.

    Parameters
    ----------
    case : Case
        The command.
    program : Program
        What runs it.
    seed : int
        Of the moments of the kills.

    Attributes
    ----------
    counts : Counter
        By `COLUMNS`.
    seconds : float
        How long the undisturbed run took.
    findings : list of str
        Everything that should not be, in words.
    """

    case: Case
    program: Program
    seed: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)

    def run(self, kills: int) -> None:
        """Kill the command so often, and run it to the end after each few kills."""
        moments = random.Random(f"{self.seed} {self.case.name}")
        undisturbed, others = self._undisturbed()
        number = 0
        while self.counts["kills"] < kills:
            number += 1
            out = self.program.new_folder("out")
            cache = self.program.new_folder("cold") if self.case.cold else self._warm
            earlier: Mapping[str, bytes] = {}
            if others and number % 2:
                shutil.copytree(self.program.folder / "before", out, dirs_exist_ok=True)
                earlier = others
            more: Sequence[str] = ()
            killed: list[Command] = []
            for _ in range(min(self.case.in_a_row, kills - self.counts["kills"])):
                command = self.program.start((*self.case.arguments, *more), out, cache)
                killed.append(command)
                moment = moments.uniform(0, self.seconds)
                if not command.kill_at(moment, group=bool(number // 2 % 2)):
                    # It has come to its end before.
                    break
                self.counts["kills"] += 1
                self._note("half", number, half_files(out, undisturbed, earlier))
                self._note("broken", number, broken_entries(cache))
                more = self.case.resume
            self._to_the_end(number, out, cache, more, undisturbed)
            for command in killed:
                self._note("orphans", number, map(str, command.orphans_after(_ORPHANS_S)))
                command.end()

    @property
    def _warm(self) -> Path:
        return self.program.folder / "warm"

    def _undisturbed(self) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """Return the results of an undisturbed run, and those of the command before it."""
        start, new = self.program.start, self.program.new_folder
        others: dict[str, bytes] = {}
        cache = new("warm")
        if self.case.before:
            before = new("before")
            self.program.finish(start(self.case.before, before, cache))
            others = results(before)
        if not self.case.cold:
            # The first run fills the cache.
            self.program.finish(start(self.case.arguments, new("first"), cache))
        whole = new("whole")
        self.seconds = self.program.finish(start(self.case.arguments, whole, cache))
        return results(whole), others

    def _to_the_end(
        self,
        number: int,
        out: Path,
        cache: Path,
        more: Sequence[str],
        undisturbed: Mapping[str, bytes],
    ) -> None:
        points, entries = kept_points(out), cache_entries(cache) if self.case.cold else {}
        command = self.program.start((*self.case.arguments, *more), out, cache)
        self.program.finish(command)
        self.counts["runs to the end"] += 1
        self.counts["kept"] += len(points) + len(entries)
        if points and more:
            reused = json.loads(command.output()[0])["reused"]
            self._note("lost", number, ["a point"] * (len(points) - reused))
        now = cache_entries(cache)
        self._note("lost", number, (name for name in entries if now.get(name) != entries[name]))
        found = results(out)
        self._note(
            "different",
            number,
            (
                name
                for name in sorted(found.keys() | undisturbed.keys())
                if found.get(name) != undisturbed.get(name)
            ),
        )
        self._note("stray", number, strays(out, cache, undisturbed))
        self._note("broken", number, broken_entries(cache))

    def _note(self, column: str, number: int, what: Iterable[str]) -> None:
        items = list(what)
        self.counts[column] += len(items)
        if items:
            self.findings.append(f"{self.case.name}, round {number}: {column}: {', '.join(items)}")
