"""A progress bar on standard error, for work that turns out to take a while."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["late_progress"]

_DELAY_SECONDS = 2.0


@contextmanager
def late_progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on standard error once the work has taken two seconds.

    On anything but a terminal nothing is shown.

    Parameters
    ----------
    title : str
        What is being done.
    total : int
        Pieces of work.

    Yields
    ------
    callable
        To be called with the number of finished pieces.
    """
    # Imported here: short work does without the time it takes.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task(title, total=total)
    started = time.monotonic()
    shown = False

    def advance(finished: int) -> None:
        nonlocal shown
        if not shown and time.monotonic() - started >= _DELAY_SECONDS:
            bar.start()
            shown = True
        bar.update(task, completed=finished)

    try:
        yield advance
    finally:
        if shown:
            bar.stop()
