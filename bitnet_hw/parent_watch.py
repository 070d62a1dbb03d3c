"""A process that works for another one, and does not outlive it."""

import multiprocessing
import os
import signal
import threading
import time
import warnings

__all__ = ["GRACE_SECONDS", "leave_with_parent"]

GRACE_SECONDS = 5.0
"""Time for a process to end what it has started: compilers, temporary folders."""


def leave_with_parent() -> None:
    """Let this process of `multiprocessing` end with its parent: nobody would read the answer.

    From now on SIGTERM raises SystemExit in the main thread, so that what runs for this process is
    ended; a process that does not come to that is ended all the same.
    """
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _leave(*_: object) -> None:
    # Amaranth warns about hardware that is left half described.
    warnings.simplefilter("ignore")
    raise SystemExit(1)


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)
