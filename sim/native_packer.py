"""The packer of weights in compiled code; `packer/packer.cpp` does the work."""

import ctypes
import os
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.geometry import WEIGHTS_PER_BYTE, Geometry
from sim.build_folder import build_folder
from sim.packer_build import build_packer
from sim.weight_check import checked

__all__ = ["NativePacker"]

Bytes = NDArray[np.uint8]

_FIELDS, _CODES, _WEIGHTS = range(3)
_PACKED, _ILLEGAL, _NO_MEMORY = range(3)
_MOST_THREADS = 4
"""More do not help: memory is the limit."""

U64, POINTER = ctypes.c_uint64, ctypes.c_void_p


class _Matrix(ctypes.Structure):
    _fields_ = (
        ("bytes", POINTER),
        ("n", U64),
        ("k", U64),
        ("places", POINTER),
        ("shifts", POINTER),
        ("source", U64),
        ("rows", U64),
        ("lanes", U64),
        ("group", U64),
        ("tile_bytes", U64),
        ("threads", U64),
    )


@cache
def _load(root: Path) -> ctypes.CDLL:
    code = ctypes.CDLL(str(build_packer(root)))
    code.pack_matrix.argtypes = [POINTER, POINTER]
    return code


class NativePacker:
    """Packs weight matrices for one array; the bytes are those of `sim.packing.pack_weights`.

    Padding is weight 0. Other threads of Python run meanwhile, and may use the same packer.

    Parameters
    ----------
    geometry : Geometry
        The array.
    root : Path
        Directory of builds; without it `build_folder`.
    threads : int
        Threads that a large matrix may take; without it all processors, up to four.

    Raises
    ------
    SimulatorMissing
        If there is no C++ compiler.
    SimulatorBuildFailed, SimulationTimedOut
        If it fails, or does not come to its end.
    OSError
        If the library cannot be written or loaded.
    """

    def __init__(
        self, geometry: Geometry, *, root: Path | None = None, threads: int | None = None
    ) -> None:
        self._geometry = geometry
        self._threads = threads or min(_MOST_THREADS, os.cpu_count() or 1)
        self._code = _load(build_folder() if root is None else root)

    @property
    def threads(self) -> int:
        """Threads that a large matrix takes."""
        return self._threads

    def packed_bytes(self, n: int, k: int) -> int:
        """Return the bytes of a matrix on the weight stream."""
        geometry = self._geometry
        return geometry.n_tiles(n) * geometry.k_tiles(k) * geometry.tile_bytes

    def pack(self, weights: NDArray[np.int8]) -> Bytes:
        """Pack a matrix of weights.

        Parameters
        ----------
        weights : array
            int8, [n, k], values -1, 0 and +1.

        Returns
        -------
        array
            uint8, [words, weight_bus_bits / 8], the lowest byte of a word first.

        Raises
        ------
        ValueError
            If a weight is not ternary.
        """
        weights = np.ascontiguousarray(weights, np.int8)
        packed = self._pack(_WEIGHTS, weights.view(np.uint8), *weights.shape)
        if packed is None:
            raise ValueError(
                f"Weights must be -1, 0 or +1, not from {weights.min()} to {weights.max()}"
            )
        return packed

    def pack_codes(self, codes: Bytes) -> Bytes:
        """Pack a matrix of codes, uint8 [n, k], weights plus one; else as `pack`."""
        codes = np.ascontiguousarray(codes, np.uint8)
        packed = self._pack(_CODES, codes, *codes.shape)
        if packed is None:
            raise ValueError(f"Codes must be 0, 1 and 2, not up to {codes.max()}")
        return packed

    def pack_fields(
        self,
        fields: Bytes,
        places: NDArray[np.uint64],
        shifts: Bytes,
        memory: Bytes | None = None,
    ) -> Bytes:
        """Pack a matrix whose codes are two bits each, four to a byte.

        Parameters
        ----------
        fields : array
            uint8, [any, k].
        places : array
            uint64, [n]: for each row of the matrix the row of `fields` that holds it.
        shifts : array
            uint8, [n]: the lowest bit of its codes, 0, 2, 4 or 6.
        memory : array
            uint8, [at least `packed_bytes`]; the result then lies in it, unless words have check
            bits. Fresh memory takes longer than packing.

        Returns
        -------
        array
            As `pack`.

        Raises
        ------
        ValueError
            If a place or shift does not exist, `memory` is too small, or a code is 3: one of the
            matrix, or one above it in the same byte.
        """
        fields = np.ascontiguousarray(fields, np.uint8)
        places = np.ascontiguousarray(places, np.uint64)
        shifts = np.ascontiguousarray(shifts, np.uint8)
        if shifts.shape != places.shape or places.max(initial=0) >= max(1, len(fields)):
            raise ValueError(f"places and shifts must be of rows below {len(fields)}")
        if (shifts & 0b11111001).any():
            raise ValueError("shifts must be 0, 2, 4 or 6")
        packed = self._pack(_FIELDS, fields, len(places), fields.shape[1], places, shifts, memory)
        if packed is None:
            raise ValueError("Codes must be 0, 1 and 2, not 3")
        return packed

    def _pack(
        self,
        source: int,
        data: Bytes,
        n: int,
        k: int,
        places: NDArray[np.uint64] | None = None,
        shifts: Bytes | None = None,
        memory: Bytes | None = None,
    ) -> Bytes | None:
        """Return the words, or None if a code is illegal."""
        geometry = self._geometry
        # Weights first, without a gap between words; check bits come between them afterwards.
        tile_bytes = geometry.words_per_tile * geometry.data_bytes
        size = geometry.n_tiles(n) * geometry.k_tiles(k) * tile_bytes
        if memory is None:
            memory = np.empty(size, np.uint8)
        elif memory.dtype != np.uint8 or not memory.flags.c_contiguous or memory.size < size:
            raise ValueError(
                f"memory must be uint8, contiguous, at least {size} bytes, "
                f"not {memory.dtype} of shape {memory.shape}"
            )
        matrix = _Matrix(
            bytes=data.ctypes.data,
            n=n,
            k=k,
            places=None if places is None else places.ctypes.data,
            shifts=None if shifts is None else shifts.ctypes.data,
            source=source,
            rows=geometry.rows,
            lanes=geometry.lanes,
            group=WEIGHTS_PER_BYTE[geometry.weight_encoding],
            tile_bytes=tile_bytes,
            threads=self._threads,
        )
        outcome = _PACKED
        if size:
            outcome = self._code.pack_matrix(ctypes.byref(matrix), memory.ctypes.data)
        if outcome == _NO_MEMORY:
            raise MemoryError(f"Packing {n} x {k} weights takes more memory than there is")
        if outcome != _PACKED:
            return None
        return checked(geometry, memory.reshape(-1)[:size].reshape(-1, geometry.data_bytes))
