"""Ctrl-C on a terminal reaches every process; only one of them should act on it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["interrupts_ignored"]


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Start processes that leave Ctrl-C to this one.

    A process inherits that a signal is ignored, also while it has not yet run a line of its own.
    In a thread other than the main one nothing is changed: Python does not allow it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
