"""Prove what is promised of the hardware, and refute the broken twins: ``python -m proofs``."""

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.table import Table

from proofs.catalogue import PROOFS
from proofs.prover import METHODS, Verdict, check


def main() -> int:
    """Print a table of proofs; return 1 if one does not hold or a twin is not refuted."""
    parser = argparse.ArgumentParser(prog="python -m proofs", description=__doc__)
    parser.add_argument("name", nargs="*", help="only those whose names begin so")
    parser.add_argument("--jobs", type=int, default=1, help="proofs at the same time")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    chosen = [p for p in PROOFS if not options.name or p.name.startswith(tuple(options.name))]
    if not chosen:
        parser.error(f"no proof begins with {', '.join(options.name)}")
    verdicts = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for proof, found in zip(chosen, pool.map(_check, [p.name for p in chosen]), strict=True):
            verdict = Verdict(proof, *found)
            verdicts.append(verdict)
            print(f"{proof.name}: {_text(verdict)}, {verdict.seconds:.1f} s", file=sys.stderr)
    if options.json:
        print(json.dumps([_row(verdict) for verdict in verdicts], indent=2))
    else:
        Console().print(_table(verdicts))
    return 0 if all(verdict.good for verdict in verdicts) else 1


def _check(name: str) -> tuple[bool, str, dict[str, str], float]:
    """Check a proof by name, in a process of its own; what is proven cannot be sent, it is code."""
    verdict = check(next(proof for proof in PROOFS if proof.name == name))
    return verdict.proven, verdict.failed, verdict.refuted, verdict.seconds


def _text(verdict: Verdict) -> str:
    if not verdict.proven:
        return f"FAILS: {verdict.failed}"
    escaped = [claim for claim, failed in verdict.refuted.items() if claim not in failed.split()]
    return f"proven, but a twin passes: {', '.join(escaped)}" if escaped else "proven"


def _row(verdict: Verdict) -> dict[str, object]:
    proof = verdict.proof
    return {
        "proof": proof.name,
        "promise": proof.promise,
        "size": proof.size,
        "method": proof.method,
        "steps": proof.steps,
        "proven": verdict.proven,
        "failed": verdict.failed,
        "refuted": verdict.refuted,
        "good": verdict.good,
        "seconds": round(verdict.seconds, 1),
    }


def _table(verdicts: list[Verdict]) -> Table:
    table = Table(title="Proofs", title_justify="left")
    for column in ("proof", "size", "method", "verdict", "twins refuted", "s"):
        table.add_column(column, justify="right" if column == "s" else "left")
    for verdict in verdicts:
        proof = verdict.proof
        method = proof.method
        if "induction" in method or method in ("every state", "from reset"):
            method += f", {proof.steps}"
        good = sum(claim in failed.split() for claim, failed in verdict.refuted.items())
        twins = f"{good} of {len(verdict.refuted)}"
        table.add_row(
            proof.name, proof.size, method, _text(verdict), twins, f"{verdict.seconds:.1f}"
        )
    used = dict.fromkeys(verdict.proof.method for verdict in verdicts)
    table.caption = "\n".join(f"{name}: {METHODS[name]}" for name in used)
    return table


if __name__ == "__main__":
    sys.exit(main())
