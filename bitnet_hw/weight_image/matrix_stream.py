"""The bytes of whole matrices on the weight stream, with all processors at work."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np

from bitnet_hw.checkpoint.ternary import Codes, TernaryCodes, TwoBitCodes
from rtl.geometry import Geometry
from sim.errors import SimulationError
from sim.native_packer import NativePacker
from sim.packing import pack_weights

__all__ = ["MatrixPacker", "blocks_of_rows"]

_BLOCK_WEIGHTS = 1 << 19
"""Of matrices that NumPy decodes: more than half a megabyte of codes does not fit its cache."""

_PIECE_BYTES = 1 << 22

_MOST_THREADS = 4
"""NumPy leaves the interpreter to other threads, but part of the work is outside NumPy."""


def blocks_of_rows(geometry: Geometry, n: int, k: int) -> Iterator[tuple[int, int]]:
    """Yield where blocks of whole output tiles, of about half a million weights, start and end."""
    step = max(1, _BLOCK_WEIGHTS // (geometry.rows * k)) * geometry.rows
    for start in range(0, n, step):
        yield start, min(start + step, n)


class MatrixPacker:
    """Packs matrices for one array; a context manager that ends its threads.

    Without a C++ compiler it packs with NumPy: the same bytes, far slower.

    Parameters
    ----------
    geometry : Geometry
        The array.
    threads : int
        Threads; without it one for each processor, up to four.

    Attributes
    ----------
    obstacle : str
        Why there is no compiled packer, in one line; empty if there is one.
    """

    def __init__(self, geometry: Geometry, *, threads: int | None = None) -> None:
        self._geometry = geometry
        self._threads = threads or min(_MOST_THREADS, os.cpu_count() or 1)
        self._native: NativePacker | None = None
        self.obstacle = ""
        try:
            self._native = NativePacker(geometry, threads=self._threads)
        except (SimulationError, OSError) as error:
            self.obstacle = str(error).partition("\n")[0]
        self._pool = ThreadPoolExecutor(self._threads)
        self._memory = np.empty(0, np.uint8)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def stream(self, codes: TernaryCodes, n: int, k: int) -> Iterator[Codes]:
        """Yield the bytes of a matrix on the weight stream, piece by piece and in order.

        A piece holds only until the next is asked for.

        Parameters
        ----------
        codes : TernaryCodes
            The matrix.
        n, k : int
            Its outputs and inputs.

        Yields
        ------
        array
            uint8, [bytes].
        """
        if self._native is not None and isinstance(codes, TwoBitCodes):
            yield from self._stream_fields(self._native, codes, n, k)
            return
        # A few blocks ahead and no more: the reader may be a slow disk.
        running: deque[Future[Codes]] = deque()
        for start, stop in blocks_of_rows(self._geometry, n, k):
            if len(running) > 2 * self._threads:
                yield running.popleft().result()
            running.append(self._pool.submit(self._pack, codes, start, stop))
        while running:
            yield running.popleft().result()

    def _stream_fields(
        self, native: NativePacker, codes: TwoBitCodes, n: int, k: int
    ) -> Iterator[Codes]:
        size = native.packed_bytes(n, k)
        if len(self._memory) < size:
            self._memory = np.empty(size, np.uint8)
        packed = native.pack_fields(codes.packed, *codes.places(n), self._memory).reshape(-1)
        for start in range(0, size, _PIECE_BYTES):
            yield packed[start : start + _PIECE_BYTES]

    def _pack(self, codes: TernaryCodes, start: int, stop: int) -> Codes:
        block = codes.rows(start, stop)
        if self._native is not None:
            return self._native.pack_codes(block).reshape(-1)
        return pack_weights(self._geometry, block.view(np.int8) - np.int8(1)).reshape(-1)
