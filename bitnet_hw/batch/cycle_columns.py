"""The cycle model on many geometries at once: the closed form of `bitnet_hw.cycles`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtl.geometry import Geometry
from rtl.job import Job

__all__ = ["cycle_columns"]

Int64s = NDArray[np.int64]


def cycle_columns(
    geometry: Geometry, jobs: Sequence[Job], words: Int64s, cycles: Int64s
) -> tuple[Int64s, Int64s]:
    """Return cycles and busy cycles of a job list on each geometry.

    Parameters
    ----------
    geometry : Geometry
        Columns of sizes; every job fits every geometry.
    jobs : sequence of Job
        Queued back to back.
    words, cycles : array
        int64: words of the weight stream, and the cycles in which the memory delivers them.
    """
    per_tile: Any = geometry.words_per_tile
    beats: Any = geometry.beats_per_vector
    # Cycles between tiles follow the weights, or the steps of the array: by that, the last or the
    # first K tile of an output tile decides when it can be finished.
    busy: Any = 0
    first_tile: Any = 0
    load: Any = 1
    stepped: Any = 0
    tile_free: Any = 0
    timer_free: Any = 0
    end: Any = 0
    for job in jobs:
        k_tiles, n_tiles = geometry.k_tiles(job.k), geometry.n_tiles(job.n)
        pace = np.maximum(per_tile, job.m)
        drain = job.m * beats
        period = np.maximum(k_tiles * pace, drain)
        streams_slower = per_tile * cycles >= pace * words
        ahead = np.where(streams_slower, k_tiles - 1, 0)
        lag = np.where(streams_slower, 0, (k_tiles - 1) * pace)

        start = np.maximum(_arrival(first_tile, per_tile, words, cycles), tile_free)
        start = np.maximum(start, load + 3)
        unhindered = np.maximum(
            start + (k_tiles - 1) * pace,
            _arrival(first_tile + ahead, per_tile, words, cycles) + lag,
        )
        first = np.maximum(unhindered, timer_free)
        last_output_tile = first_tile + (n_tiles - 1) * k_tiles
        last = np.maximum(
            first + (n_tiles - 1) * period,
            _arrival(last_output_tile + ahead, per_tile, words, cycles) + lag,
        )

        busy = busy + k_tiles * n_tiles * job.m
        first_tile = first_tile + k_tiles * n_tiles
        load = np.maximum(load + job.m * k_tiles + 1, stepped)
        stepped, tile_free, timer_free = last + job.m, last + pace, last + drain
        end = last + geometry.result_latency + job.m * geometry.beats_of_last_vector(job.n) - 1
    return end, busy


def _arrival(tile: Any, per_tile: Any, words: Int64s, cycles: Int64s) -> Any:
    """Return the cycle in which the last word of a tile is offered."""
    return -(-(((tile + 1) * per_tile - 1) * cycles) // words)
