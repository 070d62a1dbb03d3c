"""Random matrix products on the compiled accelerator, every output compared."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.geometry import Geometry
from rtl.job import Job
from sim.compiled import CompiledModel
from sim.compiled_build import build_library
from sim.compiled_run import CompiledRun
from sim.errors import BenchFailed, SimulationTimedOut
from sim.operands import JobOperands
from sim.packing import pack_activations

__all__ = ["ProductCheck", "check_products"]

Product = tuple[int, int, int]
"""Tokens, inputs, outputs."""


@dataclass(frozen=True, kw_only=True)
class ProductCheck:
    """What the accelerator made of some products.

    Attributes
    ----------
    jobs : tuple of Job
        What ran, back to back.
    outputs_checked, mismatches : int
        Results compared, and results that differ from the integer product.
    message : str
        The first result that differs, in words; empty if there is none.
    cycles_measured : int
        From the cycle after the first command to the last result, as the harness counted them.
    counters : dict
        The accelerator's own: cycles, busy, weight_wait, activation_wait, output_wait.
    seconds, build_seconds : float
        Wall-clock time of the simulation, and of the build before it.
    """

    jobs: tuple[Job, ...]
    outputs_checked: int
    mismatches: int
    message: str
    cycles_measured: int
    counters: dict[str, int]
    seconds: float
    build_seconds: float


def check_products(
    geometry: Geometry,
    products: Sequence[Product],
    *,
    rate: tuple[int, int] = (1, 1),
    seed: int = 1,
    build_root: Path | None = None,
    timeout_s: float = 3600.0,
) -> ProductCheck:
    """Multiply random matrices in the compiled accelerator and in NumPy's integers.

    The jobs of all products run back to back, from reset. A product of more tokens than the
    accelerator takes at once is several jobs with the same weights.

    Parameters
    ----------
    geometry : Geometry
        The accelerator.
    products : sequence of (int, int, int)
        Tokens, inputs and outputs of each.
    rate : (int, int)
        Words of the weight stream, and the cycles in which the memory delivers them.
    seed : int
        Of the random data.
    build_root : Path
        Where compiled accelerators are kept; without it in the user's cache directory.
    timeout_s : float
        Longest time of everything together.

    Raises
    ------
    ValueError
        If a product does not fit the accelerator, or there is none.
    SimulatorMissing, SimulatorBuildFailed, BenchFailed
        As `build_library` and `CompiledModel.run`.
    SimulationTimedOut
        If it takes longer than allowed.
    """
    if not products:
        raise ValueError("A simulation must have at least one product")
    jobs = [_jobs(geometry, *product) for product in products]
    check_time = _time_limit(timeout_s)
    started = time.monotonic()
    # The limit is that of `check_time`, which has the better message.
    library = build_library(geometry, root=build_root, timeout_s=np.inf, poll=check_time)
    build_seconds = time.monotonic() - started
    model = CompiledModel(geometry, library)
    try:
        generator = np.random.default_rng(seed)
        weights: list[NDArray[np.uint8]] = []
        activations: list[NDArray[np.uint8]] = []
        expected = []
        for (m, k, n), parts in zip(products, jobs, strict=True):
            # Unpacked weights are five times as large: those of one product at a time.
            operands = JobOperands.random(Job(k=k, n=n, m=m), generator)
            expected.append(_integer_product(operands))
            words = model.pack_weights(operands.weights)
            for start, job in zip(range(0, m, geometry.max_tokens), parts, strict=True):
                weights.append(words)
                tokens = operands.activations[start : start + job.m]
                activations.append(pack_activations(geometry, tokens))
            check_time()
        started = time.monotonic()
        run = model.run(
            [job for parts in jobs for job in parts],
            weights,
            activations,
            rate=rate,
            poll=lambda _: check_time(),
        )
        seconds = time.monotonic() - started
    finally:
        model.close()
    mismatches, message = _compare(run, jobs, expected)
    return ProductCheck(
        jobs=run.jobs,
        outputs_checked=sum(product.size for product in expected),
        mismatches=mismatches,
        message=message,
        cycles_measured=run.last_beat,
        counters=run.counters,
        seconds=seconds,
        build_seconds=build_seconds,
    )


def _jobs(geometry: Geometry, m: int, k: int, n: int) -> list[Job]:
    """Return the jobs of a product, of at most `max_tokens` tokens each."""
    jobs = [
        Job(k=k, n=n, m=min(geometry.max_tokens, m - start))
        for start in range(0, max(m, 1), geometry.max_tokens)
    ]
    jobs[0].check(geometry)
    return jobs


def _time_limit(timeout_s: float) -> Callable[[], None]:
    """Return a function that raises SimulationTimedOut when the time is over."""
    deadline = time.monotonic() + timeout_s

    def check() -> None:
        if time.monotonic() > deadline:
            raise SimulationTimedOut(f"Building and simulating took longer than {timeout_s:g} s")

    return check


def _integer_product(operands: JobOperands) -> NDArray[np.int32]:
    # This way around NumPy's loops, which have no BLAS for integers, run along the rows.
    product = operands.weights.astype(np.int32) @ operands.activations.T.astype(np.int32)
    return np.ascontiguousarray(product.T)


def _compare(
    run: CompiledRun, jobs: Sequence[Sequence[Job]], expected: Sequence[NDArray[np.int32]]
) -> tuple[int, str]:
    """Return how many results differ, and the first one in words."""
    if run.illegal_code:
        raise BenchFailed("The hardware must not meet an illegal weight code: there is none")
    if run.corrupt_word:
        raise BenchFailed("The hardware must not find flipped bits in the weights: there are none")
    matrices = iter(run.matrices())
    mismatches, message = 0, ""
    for number, (parts, product) in enumerate(zip(jobs, expected, strict=True)):
        found = np.concatenate([next(matrices) for _ in parts])
        places = np.argwhere(found != product)
        mismatches += len(places)
        if len(places) and not message:
            token, output = places[0].tolist()
            message = (
                f"Output {output} of token {token} in product {number} must be "
                f"{product[token, output]}, not {found[token, output]}"
            )
    return mismatches, message
