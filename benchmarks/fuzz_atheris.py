"""Hostile input that is led by coverage: libFuzzer, by way of the package atheris.

    python -m benchmarks.fuzz --engine atheris --inputs 100000

An input that reaches a new line of `bitnet_hw` is kept and changed further, by libFuzzer or into
one of the structured inputs that the other engine has. libFuzzer ends its process when it is done,
so each parser has one of its own, which leaves its tally in a file.
"""

import importlib.util
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bitnet_hw.errors import BuildFailed, ToolMissing

__all__ = ["fuzz_by_coverage"]

_LONGEST = 8192
_STRUCTURED = 0.5
_EVERY = 200


def fuzz_by_coverage(name: str, count: int, seed: int) -> dict[str, Any]:
    """Feed a parser and return the fields of its `fuzz_worker.Tally`.

    Parameters
    ----------
    name : str
        Name of a target.
    count : int
        Inputs.
    seed : int
        Of libFuzzer; which inputs it keeps depends on the coverage, too.

    Raises
    ------
    ToolMissing
        If atheris is not installed.
    BuildFailed
        If the process ends without a tally.
    """
    if importlib.util.find_spec("atheris") is None:
        raise ToolMissing("--engine atheris needs the package atheris: pip install atheris")
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "tally.json"
        command = [sys.executable, "-m", __spec__.name, name, str(count), str(seed), str(result)]
        subprocess.run(command, check=False, stderr=subprocess.DEVNULL)
        if not result.is_file():
            raise BuildFailed(f"libFuzzer must leave a tally of {name}, but there is none")
        found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return found


def main(name: str, count: int, seed: int, result: Path) -> None:
    """Feed a parser in this process, which ends here."""
    import atheris

    with atheris.instrument_imports(include=["bitnet_hw"]):
        from benchmarks.fuzz_feeds import prepare
        from benchmarks.fuzz_targets import TARGETS
        from benchmarks.fuzz_verdict import Finding, judge, nothing_is_run, watch_what_is_run
        from benchmarks.fuzz_worker import LIMIT_S, Tally

        [target] = [target for target in TARGETS if target.name == name]
        folder = Path(tempfile.mkdtemp())
        prepare(folder)
        corpus = folder / "corpus"
        corpus.mkdir()
        for number in range(300):
            content = target.make(random.Random(f"{seed} {number}"))
            judge(target, content, folder)
            (corpus / str(number)).write_bytes(content)
    watch_what_is_run()
    tally = Tally()

    def feed(content: bytes) -> None:
        start = time.process_time()
        with nothing_is_run():
            verdict = judge(target, content, folder)
        seconds = time.process_time() - start
        if not isinstance(verdict, Finding) and seconds > LIMIT_S:
            verdict = Finding(name, f"more than {LIMIT_S:g} s", f"{seconds:.1f} s", content)
        tally.inputs += 1
        tally.seconds += seconds
        tally.slowest_s = max(tally.slowest_s, seconds)
        if isinstance(verdict, Finding):
            tally.findings.setdefault(verdict.reason, verdict)
        else:
            tally.accepted += verdict is True
            tally.refused += verdict is None
        if tally.inputs % _EVERY == 0 or tally.inputs >= count or isinstance(verdict, Finding):
            _write(tally, result)

    def change(content: bytes, longest: int, number: int) -> bytes:
        chance = random.Random(number)
        if chance.random() < _STRUCTURED:
            return target.make(chance)[:longest]
        changed: bytes = atheris.Mutate(content, longest)
        return changed

    options = [f"-runs={count}", f"-seed={seed + 1}", f"-max_len={_LONGEST}", "-timeout=10"]
    atheris.Setup([name, *options, str(corpus)], feed, custom_mutator=change)
    atheris.Fuzz()


def _write(tally: Any, path: Path) -> None:
    fields = asdict(tally)
    for finding in fields["findings"].values():
        finding["content"] = finding["content"].hex()
    path.write_text(json.dumps(fields), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
