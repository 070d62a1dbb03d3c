"""Processes that work for another one do not outlive it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

POOL = """\
import multiprocessing, os, sys, time
from concurrent.futures import ProcessPoolExecutor
from bitnet_hw.parent_watch import leave_with_parent

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context, initializer=leave_with_parent) as pool:
        # Both have begun when both numbers are there; one works, one has nothing to do.
        print(*{pool.submit(os.getpid).result() for _ in range(2)}, flush=True)
        pool.submit(time.sleep, 100).result()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_pool_ends_with_its_parent(tmp_path, how):
    (tmp_path / "pool.py").write_text(POOL)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "pool.py"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        workers = [int(number) for number in parent.stdout.readline().split()]
        assert workers
        parent.send_signal(how)
        parent.wait()
    deadline = time.monotonic() + 30
    while any(alive(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def alive(process):
    """Tell whether a process lives: one that has ended may wait for its parent to look."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
