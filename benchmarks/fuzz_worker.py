"""One parser under fire, in a process of its own: watched, limited, and counted.

Another process, because a parser that hangs or crashes takes its process with it. It is forked from
one in which everything is imported and every preset has been read, so that starting it again costs
nothing.
"""

import hashlib
import multiprocessing
import random
import resource
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.fuzz_feeds import prepare
from benchmarks.fuzz_targets import Target
from benchmarks.fuzz_verdict import Finding, judge, nothing_is_run, watch_what_is_run

__all__ = ["LIMIT_S", "Tally", "finding_name", "fuzz", "inputs_of"]

LIMIT_S = 2.0
"""Longest time of an input, of the processor; five times as long by the clock."""

_MEMORY_BYTES = 512 << 20
_BATCH = 4000


@dataclass
class Tally:
    """What became of the inputs of a parser."""

    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    peak_mib: float = 0.0
    findings: dict[str, Finding] = field(default_factory=dict)


def inputs_of(target: Target, seed: int, start: int, count: int) -> Iterator[bytes]:
    """Yield inputs by their number: the same for the same seed, wherever one starts."""
    number = start
    for content in islice(target.first(), start, start + count):
        yield content
        number += 1
    for index in range(number, start + count):
        yield target.make(random.Random(f"{seed} {target.name} {index}"))


def fuzz(target: Target, count: int, seed: int) -> Tally:
    """Feed a parser and return what became of it; if it dies, go on with the next input."""
    tally = Tally()
    with tempfile.TemporaryDirectory(dir=_fast_folder()) as name:
        folder = Path(name)
        prepare(folder)
        # Reads presets and imports what is imported late, which the children then share.
        for content in inputs_of(target, seed + 1, 1 << 20, 300):
            judge(target, content, folder)
        start = 0
        while start < count:
            start += _batch(target, seed, start, min(_BATCH, count - start), folder, tally)
    return tally


def _fast_folder() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _batch(target: Target, seed: int, start: int, count: int, folder: Path, tally: Tally) -> int:
    """Let a child take inputs; return how many were judged, one that ended the child included."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    begun = context.Value("d", time.monotonic(), lock=False)
    done = context.Value("q", 0, lock=False)
    arguments = (target, seed, start, count, folder, theirs, begun, done)
    child = context.Process(target=_child, args=arguments, daemon=True)
    child.start()
    theirs.close()
    hung = False
    while not hung:
        if ours.poll(0.2):
            try:
                sent = ours.recv()
            except EOFError:
                break
            if isinstance(sent, Tally):
                child.join()
                _add(tally, sent)
                return count
            tally.findings.setdefault(sent.reason, sent)
        hung = time.monotonic() - begun.value > 5 * LIMIT_S
    if hung:
        child.kill()
    child.join()
    judged = done.value + 1
    content = next(inputs_of(target, seed, start + done.value, 1))
    how = f"hang of more than {5 * LIMIT_S:g} s" if hung else f"process ended ({child.exitcode})"
    tally.inputs += judged
    tally.findings.setdefault(how, Finding(target.name, how, how, content))
    return judged


def _add(tally: Tally, part: Tally) -> None:
    tally.inputs += part.inputs
    tally.accepted += part.accepted
    tally.refused += part.refused
    tally.seconds += part.seconds
    tally.slowest_s = max(tally.slowest_s, part.slowest_s)
    tally.peak_mib = max(tally.peak_mib, part.peak_mib)


def _child(
    target: Target,
    seed: int,
    start: int,
    count: int,
    folder: Path,
    pipe: Any,
    begun: Any,
    done: Any,
) -> None:
    """Feed a parser in a process of its own, and send each finding and in the end the tally."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    before_mib = _peak_mib()
    limit = _virtual_bytes() + _MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # A core of a crash would be gigabytes.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    watch_what_is_run()
    part = Tally()
    for content in inputs_of(target, seed, start, count):
        begun.value = time.monotonic()
        clock = time.process_time()
        with nothing_is_run():
            result = judge(target, content, folder)
        seconds = time.process_time() - clock
        if not isinstance(result, Finding) and seconds > LIMIT_S:
            reason = f"more than {LIMIT_S:g} s"
            result = Finding(target.name, reason, f"{seconds:.1f} s", content)
        part.inputs += 1
        part.seconds += seconds
        part.slowest_s = max(part.slowest_s, seconds)
        part.accepted += result is True
        part.refused += result is None
        if isinstance(result, Finding):
            # At once: the next input may be the end of this process.
            pipe.send(result)
        done.value += 1
    part.peak_mib = _peak_mib() - before_mib
    pipe.send(part)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _virtual_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def finding_name(finding: Finding) -> str:
    """Return a name for the files of a finding."""
    parser = "".join(letter if letter.isalnum() else "-" for letter in finding.parser)
    digest = hashlib.sha256(finding.reason.encode("utf-8", "replace")).hexdigest()[:10]
    return f"{parser}-{digest}"
