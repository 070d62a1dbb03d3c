"""The bytes of whole matrices, packed by several threads in pieces that fit a cache."""

import os
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np

from bitnet_hw.checkpoint.ternary import TernaryCodes
from bitnet_hw.weight_image.tile_stream import TilePacker
from rtl.geometry import Geometry

__all__ = ["MatrixPacker", "blocks_of_rows"]

_BLOCK_WEIGHTS = 1 << 19
"""Half a megabyte of codes: packing is bound by memory beyond twice that (benchmarks/pack.py)."""

_MOST_THREADS = 4
"""NumPy leaves the interpreter to other threads, but a quarter of the work is outside NumPy."""


def blocks_of_rows(geometry: Geometry, n: int, k: int) -> Iterator[tuple[int, int]]:
    """Yield where blocks of whole output tiles, of about half a million weights, start and end."""
    step = max(1, _BLOCK_WEIGHTS // (geometry.rows * k)) * geometry.rows
    for start in range(0, n, step):
        yield start, min(start + step, n)


class MatrixPacker:
    """Packs matrices for one array; a context manager that ends its threads.

    Parameters
    ----------
    geometry : Geometry
        The array.
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        self._threads = min(_MOST_THREADS, os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(self._threads)
        self._local = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def stream(self, codes: TernaryCodes, n: int, k: int) -> Iterator[bytes]:
        """Yield the bytes of a matrix on the weight stream, piece by piece and in order.

        Parameters
        ----------
        codes : TernaryCodes
            The matrix.
        n, k : int
            Its outputs and inputs.
        """
        # A few pieces ahead and no more: the reader may be a slow disk.
        running: deque[Future[list[bytes]]] = deque()
        for start, stop in blocks_of_rows(self._geometry, n, k):
            if len(running) > 2 * self._threads:
                yield from running.popleft().result()
            running.append(self._pool.submit(self._pack, codes, start, stop, k))
        while running:
            yield from running.popleft().result()

    def _pack(self, codes: TernaryCodes, start: int, stop: int, k: int) -> list[bytes]:
        packer: TilePacker | None = getattr(self._local, "packer", None)
        if packer is None:
            packer = self._local.packer = TilePacker(self._geometry)
            self._local.memory = np.empty(0, np.uint8)
        size = (stop - start) * k
        if len(self._local.memory) < size:
            self._local.memory = np.empty(size, np.uint8)
        block = codes.rows(start, stop, self._local.memory)
        rows, lanes = self._geometry.rows, self._geometry.lanes
        if stop - start > rows:
            return [packer.pack(block)]
        # Of one output tile, the stream has the K tiles one after the other.
        columns = max(1, _BLOCK_WEIGHTS // (rows * lanes)) * lanes
        return [packer.pack(block[:, first : first + columns]) for first in range(0, k, columns)]
