"""The accelerator as a function of this process: job lists in, results and counters out.

`harness.cpp` holds the cycle loop.
"""

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.counters import COUNTERS
from rtl.geometry import Geometry
from rtl.job import Job
from sim.compiled_interface import FINISHED, RUNNING, Jobs, Shape, Status, load_library
from sim.compiled_run import CompiledRun
from sim.errors import BenchFailed
from sim.native_packer import NativePacker
from sim.payloads import command_word

__all__ = ["CompiledModel"]

Bytes = NDArray[np.uint8]

_CYCLES_PER_CALL = 4096
_MOST_RATE = 10**9


class CompiledModel:
    """A compiled accelerator. Not for two threads at once; each thread can have its own.

    Commands and activations are always offered, results are always taken, and word `u` of the
    weight stream is offered from cycle ``ceil(u * cycles / words)`` on: the conditions of
    docs/architecture.md, "Time". Each job list begins with a reset. While the model runs, other
    threads of Python run too.

    Parameters
    ----------
    geometry : Geometry
        The accelerator.
    library : Path
        What `sim.compiled_build.build_library` returned for it.

    Raises
    ------
    OSError
        If the library cannot be loaded.
    SimulatorMissing, SimulatorBuildFailed
        If there is no C++ compiler for the packer of weights, or it fails.
    """

    def __init__(self, geometry: Geometry, library: Path) -> None:
        self.geometry = geometry
        self._code = code = load_library(library)
        shape = Shape(
            command_bytes=-(-_command_bits(geometry) // 8),
            weight_bytes=geometry.weight_bus_bits // 8,
            activation_bytes=geometry.lanes,
            beat_words=geometry.output_bus_words,
            count_bits=geometry.output_bus_words.bit_length(),
        )
        self._model: int | None = code.model_open(ctypes.byref(shape))
        self._packer = NativePacker(geometry, root=library.parent)

    def close(self) -> None:
        """Free the memory of the model, which cannot be used afterwards."""
        model, self._model = self._model, None
        if model is not None:
            self._code.model_close(model)

    def __del__(self) -> None:
        if getattr(self, "_model", None) is not None:
            self.close()

    def pack_weights(self, weights: NDArray[np.int8]) -> Bytes:
        """Pack a weight matrix as `sim.packing.pack_weights` does, in compiled code.

        Parameters
        ----------
        weights : array
            int8, [n, k], values -1, 0 and +1.

        Returns
        -------
        array
            uint8, [words, weight_bus_bits / 8]; padding is weight 0.

        Raises
        ------
        ValueError
            If a weight is not ternary.
        """
        return self._packer.pack(weights)

    def run(
        self,
        jobs: Sequence[Job],
        weights: Sequence[Bytes],
        activations: Sequence[Bytes],
        *,
        rate: tuple[int, int] = (1, 1),
        cycle_limit: int | None = None,
        poll: Callable[[int], None] | None = None,
    ) -> CompiledRun:
        """Run jobs back to back, from reset.

        Parameters
        ----------
        jobs : sequence of Job
            The jobs.
        weights : sequence of arrays
            For each job uint8 [words, weight_bus_bits / 8], as `pack_weights` returns.
        activations : sequence of arrays
            For each job uint8 [words, lanes], as `sim.packing.pack_activations` returns.
        rate : (int, int)
            Words of the weight stream, and the cycles in which the memory delivers them.
        cycle_limit : int
            Cycles after which the design is taken for dead; without it, more than the jobs can
            take if all that overlaps in them came one after the other.
        poll : callable
            Told several times a second the cycles simulated so far; may raise.

        Raises
        ------
        ValueError
            If there is no job, one does not fit the geometry, an array has the wrong shape, the
            rate is not one of at most a word per cycle, or the model has been closed.
        BenchFailed
            If the design does not come to its end or gives other results than the jobs have.
        """
        jobs = tuple(jobs)
        self._check(jobs, weights, activations, rate)
        if self._model is None:
            raise ValueError("A model that has been closed cannot run")
        commands = np.array([_command(self.geometry, job) for job in jobs], np.uint64)
        # Held here, because the library has only their addresses.
        weight_arrays = [np.ascontiguousarray(words, np.uint8) for words in weights]
        segments = np.array([(words.ctypes.data, len(words)) for words in weight_arrays], np.uint64)
        activation_words = np.concatenate(activations)
        stream = np.empty(sum(job.m * job.n for job in jobs), np.int32)
        ends, flags = np.empty(len(jobs), np.uint64), np.empty(len(jobs), np.uint8)
        request = Jobs(
            count=len(jobs),
            commands=commands.ctypes.data,
            weights=segments.ctypes.data,
            activations=activation_words.ctypes.data,
            activation_words=len(activation_words),
            rate_words=rate[0],
            rate_cycles=rate[1],
            results=stream.ctypes.data,
            result_count=len(stream),
            job_ends=ends.ctypes.data,
            job_flags=flags.ctypes.data,
        )
        self._code.model_start(self._model, ctypes.byref(request))
        limit = _cycle_limit(self.geometry, jobs, rate) if cycle_limit is None else cycle_limit
        status = self._advance(limit, poll)
        counts = [job.m * job.n for job in jobs]
        if ends.tolist() != np.cumsum(counts).tolist():
            got = np.diff(ends, prepend=np.uint64(0)).tolist()
            raise BenchFailed(f"The jobs must have {counts} results, not {got}")
        if flags.tolist() != [job.flags for job in jobs]:
            raise BenchFailed(
                f"Results must carry the flags {[job.flags for job in jobs]}, not {flags.tolist()}"
            )
        if status["bad_command"] or status["dropped_valid"] or not status["idle"]:
            raise BenchFailed("After the last result the accelerator must be idle, without errors")
        return CompiledRun(
            jobs=jobs,
            stream=stream,
            last_beat=status["last_beat"],
            counters={name: status[name] for name in COUNTERS},
            illegal_code=bool(status["illegal_code"]),
            corrupt_word=bool(status["corrupt_word"]),
            _rows=self.geometry.rows,
        )

    def _advance(self, limit: int, poll: Callable[[int], None] | None) -> dict[str, int]:
        """Run to the end and return the status."""
        cycles, outcome = 0, RUNNING
        while outcome == RUNNING and cycles < limit:
            step = min(_CYCLES_PER_CALL, limit - cycles)
            outcome = self._code.model_advance(self._model, step)
            cycles += step
            if poll is not None:
                poll(cycles)
        values = Status()
        self._code.model_status(self._model, ctypes.byref(values))
        status = {name: int(getattr(values, name)) for name, *_ in Status._fields_}
        if outcome == RUNNING:
            raise BenchFailed(
                f"The accelerator did not finish in {limit} cycles: "
                f"{status['jobs']} jobs complete, {status['results']} results"
            )
        if outcome != FINISHED:
            raise BenchFailed(
                f"The accelerator gave more results than the jobs have, in cycle {status['cycle']}"
            )
        return status

    def _check(
        self,
        jobs: Sequence[Job],
        weights: Sequence[Bytes],
        activations: Sequence[Bytes],
        rate: tuple[int, int],
    ) -> None:
        geometry = self.geometry
        if not jobs:
            raise ValueError("A simulation must have at least one job")
        if not 1 <= rate[0] <= rate[1] <= _MOST_RATE:
            raise ValueError(
                f"rate must be words and cycles, at most one word per cycle, not {rate}"
            )
        if not len(jobs) == len(weights) == len(activations):
            raise ValueError(
                f"weights and activations must be given for {len(jobs)} jobs, "
                f"not {len(weights)} and {len(activations)}"
            )
        for job, weight, activation in zip(jobs, weights, activations, strict=True):
            job.check(geometry)
            words = job.tiles(geometry) * geometry.words_per_tile
            for name, array, shape in (
                ("weights", weight, (words, geometry.weight_bus_bits // 8)),
                ("activations", activation, (geometry.k_tiles(job.k) * job.m, geometry.lanes)),
            ):
                if array.dtype != np.uint8 or array.shape != shape:
                    raise ValueError(
                        f"{name} of a job must be uint8 of shape {shape}, "
                        f"not {array.dtype} of shape {array.shape}"
                    )


def _command(geometry: Geometry, job: Job) -> int:
    return command_word(geometry, k=job.k, n=job.n, m=job.m, flags=job.flags)


def _command_bits(geometry: Geometry) -> int:
    """Return the width of a command, at most 64 bits."""
    most = Job(k=geometry.max_k, n=(1 << 24) - 1, m=geometry.max_tokens, flags=255)
    return _command(geometry, most).bit_length()


def _cycle_limit(geometry: Geometry, jobs: Sequence[Job], rate: tuple[int, int]) -> int:
    """Return more cycles than the jobs take even if nothing in them overlaps."""
    limit = 1000
    for job in jobs:
        words = job.tiles(geometry) * geometry.words_per_tile
        limit += -(-words * rate[1] // rate[0]) + words + 2 * job.steps(geometry)
        limit += geometry.n_tiles(job.n) * job.m * geometry.beats_per_vector
        limit += 16 + geometry.result_latency
    return limit
