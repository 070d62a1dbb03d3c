"""Processes of this machine that evaluate points; a point that takes its process with it is known.

A pool of processes would not say which of them died, and would break as a whole.
"""

import multiprocessing
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from bitnet_hw.errors import ToolMissing
from bitnet_hw.interrupts import interrupts_ignored
from bitnet_hw.parent_watch import GRACE_SECONDS, leave_with_parent
from bitnet_hw.row import Row
from bitnet_hw.sweep_point import Point, evaluate_point, failed_row
from bitnet_hw.workers import PointLost

__all__ = ["LocalWorkers"]

Fields = Callable[[Point], Mapping[str, Any]]

# An evaluator keeps to its time limit by itself, unless it hangs in compiled code.
_OVERTIME_SECONDS = 60.0


class LocalWorkers:
    """Processes that evaluate one point at a time each. Used by one thread.

    Parameters
    ----------
    jobs : int
        Processes at most; they start when there is something to do for them.
    fields : callable
        The evaluator's function: importable from its module.
    """

    def __init__(self, jobs: int, fields: Fields) -> None:
        self._jobs = jobs
        self._fields = fields
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="points")
        self._processes: list[_Process] = []
        self._idle: list[_Process] = []

    def places(self) -> int:
        """Return the number of processes."""
        return self._jobs

    def submit(self, point: Point) -> Future[Row]:
        """Evaluate a point in a process of its own, a waiting one or a new one."""
        while self._idle:
            process = self._idle.pop()
            if process.is_alive():
                break
        else:
            process = _Process(self._fields)
            self._processes = [each for each in self._processes if each.is_alive()] + [process]
        return self._threads.submit(self._evaluate, process, point)

    def row(self, future: Future[Row]) -> Row:
        """Return what came of a finished future; see `Workers`."""
        return future.result()

    def close(self, *, abandon: bool) -> None:
        """End the processes; with `abandon` also what they work on."""
        if abandon:
            for process in self._processes:
                process.terminate()
            _end(self._processes)
        # Before the connections close: a thread that still reads from one must not be surprised.
        self._threads.shutdown()
        for process in self._processes:
            process.dismiss()
        _end(self._processes)

    def _evaluate(self, process: "_Process", point: Point) -> Row:
        """Wait for a row; runs in a thread of its own."""
        limit_s = point.settings.get("timeout_s")
        try:
            answer = process.ask(point, None if limit_s is None else limit_s + _OVERTIME_SECONDS)
        except TimeoutError:
            process.kill()
            return failed_row(
                point, f"The point hung: its process was ended some time after {limit_s:g} s"
            )
        except (EOFError, OSError):
            raise PointLost(process.how_it_ended()) from None
        self._idle.append(process)
        if isinstance(answer, Exception):
            raise answer
        return answer


class _Process:
    """A process that answers one question after the other."""

    def __init__(self, fields: Fields) -> None:
        # Not forked: a copy of a process with threads can deadlock.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, fields), daemon=True)
        with interrupts_ignored():
            self._process.start()
        # The process has the only other end now, so that its death is noticed.
        theirs.close()

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def ask(self, point: Point, limit_s: float | None) -> Row | Exception:
        """Return the answer; raises TimeoutError if there is none in time."""
        self._connection.send(point)
        if not self._connection.poll(limit_s):
            raise TimeoutError
        answer: Row | Exception = self._connection.recv()
        return answer

    def how_it_ended(self) -> str:
        self._process.join(GRACE_SECONDS)
        code = self._process.exitcode
        if code is not None and code < 0:
            return f"was ended by signal {-code} ({signal.strsignal(-code)})"
        return f"ended with exit code {code}"

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def dismiss(self) -> None:
        """Let the process end when it has nothing to do."""
        self._connection.close()

    def end(self, deadline: float) -> None:
        """Wait for the end until the deadline, and then enforce it."""
        self._process.join(max(0.0, deadline - time.monotonic()))
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _end(processes: Sequence[_Process]) -> None:
    deadline = time.monotonic() + GRACE_SECONDS
    for process in processes:
        process.end(deadline)


def _serve(connection: Connection, fields: Fields) -> None:
    """Answer questions until there are no more; the main function of a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    leave_with_parent()
    with suppress(EOFError, OSError):
        while True:
            connection.send(_answer(connection.recv(), fields))


def _answer(point: Point, fields: Fields) -> Row | Exception:
    try:
        return evaluate_point(point, fields)
    except ToolMissing as error:
        return error
