"""The whole flow: an array in its wrapper into cells, then placed and routed, seed by seed."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from bitnet_hw.config import Config
from bitnet_hw.fpga.fit import check_fit
from bitnet_hw.fpga.implementation import Implementation
from bitnet_hw.fpga.placement import place_and_route
from bitnet_hw.fpga.synthesis import synthesize
from bitnet_hw.fpga.target import Target
from bitnet_hw.fpga.tools import require_tools

__all__ = ["implement"]


class _Stopped(Exception):
    """Another seed has failed, or the user has had enough."""


def implement(
    config: Config,
    target: Target,
    seeds: Sequence[int] = (1,),
    *,
    jobs: int | None = None,
    root: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> Implementation:
    """Synthesise, place, route and pack an array.

    Parameters
    ----------
    config : Config
        The array.
    target : Target
        The device.
    seeds : sequence of int
        Of nextpnr: one placement for each.
    jobs : int
        Placements at the same time; default: one for each processor.
    root : Path
        Folder of all results; without it in the user's cache directory.
    progress : callable
        Called with the number of finished steps: one synthesis and a placement for each seed.

    Raises
    ------
    ToolMissing
        If Yosys or nextpnr is not installed.
    ConfigError
        If the array does not fit into the device.
    BuildFailed
        If a tool fails.
    """
    require_tools(target.family)
    advance = progress or (lambda finished: None)
    advance(0)
    synthesis = synthesize(config.array, target, root=root)
    check_fit(config.name, synthesis, target)
    advance(1)
    stopped = threading.Event()

    def poll() -> None:
        if stopped.is_set():
            raise _Stopped

    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        work = [
            pool.submit(place_and_route, config.name, synthesis, target, seed, root=root, poll=poll)
            for seed in seeds
        ]
        try:
            for finished, done in enumerate(as_completed(work), start=1):
                done.result()
                advance(1 + finished)
        except BaseException:
            # Nobody waits an hour for placements that are no longer wanted.
            stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return Implementation(config, target, synthesis, tuple(done.result() for done in work))
