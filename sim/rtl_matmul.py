"""The accelerator's Verilog as the thing that multiplies in a PyTorch layer."""

import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from golden.matmul import check_operands
from rtl.counters import COUNTERS
from rtl.geometry import Geometry
from rtl.job import Job
from sim.compiled import CompiledModel
from sim.compiled_build import build_library
from sim.compiled_run import CompiledRun
from sim.packing import pack_activations

__all__ = ["RtlMatmul"]


class RtlMatmul:
    """``matmul(q, ternary) -> accumulators``, computed by the simulated accelerator.

    A drop-in for `golden.matmul.ternary_matmul`; the accelerator's sums are exact, so the results
    are the same. Each call is a list of jobs of up to `max_tokens` tokens that run back to back,
    from an idle accelerator to the last result.

    The packed words of a weight tensor are kept for as long as the tensor lives, unless it is
    changed in place or was made in inference mode.

    Parameters
    ----------
    geometry : Geometry
        The accelerator.
    rate : (int, int)
        Words of the weight stream, and the cycles in which the memory delivers them.
    build_root : Path
        Where compiled accelerators are kept; without it in the user's cache directory.
    poll : callable
        Called several times a second while the accelerator is compiled, which takes from seconds to
        minutes.

    Members
    -------
    calls : list of tuple of Job
        The jobs of each call.
    counters : dict
        Sums over all calls of the hardware's counters: cycles, busy, weight_wait, activation_wait,
        output_wait.

    Raises
    ------
    SimulatorMissing, SimulatorBuildFailed, SimulationTimedOut
        As `sim.compiled_build.build_library`.
    """

    def __init__(
        self,
        geometry: Geometry,
        *,
        rate: tuple[int, int] = (1, 1),
        build_root: Path | None = None,
        poll: Callable[[], None] | None = None,
    ) -> None:
        self._model = CompiledModel(geometry, build_library(geometry, root=build_root, poll=poll))
        self._geometry = geometry
        self._rate = rate
        # By identity: tensors compare element by element.
        self._packed: dict[int, tuple[weakref.ref[Tensor], int, NDArray[np.uint8]]] = {}
        self.calls: list[tuple[Job, ...]] = []
        self.counters = dict.fromkeys(COUNTERS, 0)

    @property
    def geometry(self) -> Geometry:
        """The accelerator."""
        return self._geometry

    @property
    def cycles(self) -> int:
        """Cycles of all calls, as the hardware counted them."""
        return self.counters["cycles"]

    @property
    def jobs(self) -> list[Job]:
        """All jobs so far."""
        return [job for call in self.calls for job in call]

    def __call__(self, q: Tensor, ternary: Tensor) -> Tensor:
        """Multiply in the simulated hardware.

        Parameters
        ----------
        q : Tensor
            int8, [M, K].
        ternary : Tensor
            int8, [N, K], values -1, 0 and +1.

        Returns
        -------
        Tensor
            int32, [M, N].

        Raises
        ------
        TypeError, ValueError
            As `golden.matmul.check_operands`, or if the product does not fit the accelerator.
        BenchFailed
            If the hardware does not come to its end.
        """
        check_operands(q, ternary)
        if q.dim() != 2:
            raise TypeError(f"q must have 2 dimensions, not {q.dim()}")
        tokens = self._geometry.max_tokens
        rows = q.detach().cpu().numpy()
        parts = [rows[start : start + tokens] for start in range(0, len(rows), tokens)]
        if not q.shape[0] or not len(ternary):
            return torch.zeros(q.shape[0], len(ternary), dtype=torch.int32, device=q.device)
        n, k = ternary.shape
        words = self._packed_weights(ternary)
        run = self._model.run(
            [Job(k=k, n=n, m=len(part)) for part in parts],
            [words] * len(parts),
            [pack_activations(self._geometry, part) for part in parts],
            rate=self._rate,
        )
        self._count(run)
        return torch.from_numpy(np.concatenate(run.matrices())).to(q.device)

    def _count(self, run: CompiledRun) -> None:
        self.calls.append(run.jobs)
        for name, value in run.counters.items():
            self.counters[name] += value

    def _packed_weights(self, ternary: Tensor) -> NDArray[np.uint8]:
        key = id(ternary)
        if key in self._packed:
            owner, changes, words = self._packed[key]
            # The number of changes in place that PyTorch has seen.
            if owner() is ternary and changes == ternary._version:
                return words
        words = self._model.pack_weights(ternary.detach().cpu().numpy())
        if ternary.is_inference():
            # PyTorch does not count its changes.
            return words
        owner = weakref.ref(ternary, lambda _: self._packed.pop(key, None))
        self._packed[key] = owner, ternary._version, words
        return words
