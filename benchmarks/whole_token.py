"""Every BitLinear of one decode step of a model, through the Verilog of a 64x64 array.

Weights are random (0, +1 and -1 with probability 86/256, 85/256 and 85/256) and made as they are
needed. Every sum is compared with golden's integer matrix product, every counter of every run with
the cycle model. Jobs that read the same input run back to back; the others wait for the results
before, as a decode step does. Copies of the compiled model work on different layers at once.

The first run compiles the array, which takes minutes; the result is kept. Other simulators at the
same work: simulators.py.

Example: python benchmarks/whole_token.py --model bitnet-b1.58-2b-4t
"""

import argparse
import resource
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from bitnet_hw.cli import run_guarded
from bitnet_hw.config import load_config
from bitnet_hw.cycles import CycleCount, cycles
from bitnet_hw.errors import SimulationFailed
from bitnet_hw.model import Model, Projection, load_model
from bitnet_hw.progress import late_progress
from bitnet_hw.simulation import build_folder, simulation_errors
from golden.matmul import ternary_matmul
from rtl.geometry import Geometry
from rtl.job import Job
from sim.compiled import CompiledModel
from sim.compiled_build import build_library
from sim.packing import pack_activations

# Rows of weights that are compared at a time: golden's product widens them to four bytes each.
_BLOCK_ROWS = 1024
_WEIGHT_OF_BYTE = bytes(value % 3 if value % 3 < 2 else 255 for value in range(256))


@dataclass(frozen=True)
class Part:
    """What one run of jobs showed; `simulating_s` is processor time."""

    outputs: int
    macs: int
    cycles: int
    simulating_s: float


def draw_weights(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    """Draw a ternary matrix, int8 [n, k]."""
    drawn = rng.bytes(n * k).translate(_WEIGHT_OF_BYTE)
    return np.frombuffer(drawn, np.int8).reshape(n, k)


def product(activations: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Multiply with the golden model."""
    q = torch.from_numpy(activations)
    # `bytes` are read-only, which torch only wants to be told.
    blocks = (
        weights[row : row + _BLOCK_ROWS].copy() for row in range(0, len(weights), _BLOCK_ROWS)
    )
    return np.concatenate(
        [ternary_matmul(q, torch.from_numpy(block)).numpy() for block in blocks], 1
    )


def run_group(
    model: CompiledModel, group: tuple[Projection, ...], rng: np.random.Generator, where: str
) -> Part:
    """Run the projections of one group back to back and compare everything."""
    geometry = model.geometry
    # Projections of a group have the same input.
    activations = rng.integers(-128, 128, (1, group[0].k), np.int8)
    jobs, packed, expected = [], [], []
    for projection in group:
        weights = draw_weights(rng, projection.n, projection.k)
        jobs.append(Job(k=projection.k, n=projection.n))
        packed.append(model.pack_weights(weights))
        expected.append(product(activations, weights))
    words = pack_activations(geometry, activations)
    start = time.thread_time()
    run = model.run(jobs, packed, [words] * len(jobs))
    simulating_s = time.thread_time() - start
    for projection, sums, wanted in zip(group, run.matrices(), expected, strict=True):
        wrong = int((sums != wanted).sum())
        if wrong:
            raise SimulationFailed(f"{where} {projection.name}: {wrong} of {sums.size} sums differ")
    measured, predicted = CycleCount(**run.counters), cycles(geometry, jobs)
    if measured != predicted:
        raise SimulationFailed(f"{where}: counters must be {predicted}, not {measured}")
    return Part(len(run.stream), sum(job.macs for job in jobs), measured.cycles, simulating_s)


def run_token(
    geometry: Geometry,
    library: Path,
    model: Model,
    layers: int,
    threads: int,
    seed: int,
    done: Callable[[int], None],
) -> list[Part]:
    """Run all BitLinear layers of one token."""
    torch.set_num_threads(1)
    own = threading.local()
    finished = 0

    def work(item: tuple[int, int, tuple[Projection, ...]]) -> Part:
        layer, number, group = item
        if not hasattr(own, "model"):
            own.model = CompiledModel(geometry, library)
        rng = np.random.Generator(np.random.SFC64([seed, layer, number]))
        return run_group(own.model, group, rng, f"layer {layer}")

    items = [
        (layer, number, group)
        for layer in range(layers)
        for number, group in enumerate(model.projection_groups.values())
    ]
    parts = []
    with ThreadPoolExecutor(threads) as pool:
        try:
            for part in pool.map(work, items):
                parts.append(part)
                finished += 1
                done(finished)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return parts


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="bitnet-b1.58-2b-4t", help="preset or file")
    parser.add_argument("--array", default="large", help="preset or file")
    parser.add_argument("--layers", type=int, help="of the model; default: all")
    parser.add_argument("--threads", type=int, default=2, help="compiled models at work at once")
    parser.add_argument("--seed", type=int, default=1, help="of weights and activations")
    options = parser.parse_args()
    config, model = load_config(options.array), load_model(options.model)
    layers = model.layers if options.layers is None else options.layers

    with simulation_errors():
        start = time.perf_counter()
        library = build_library(config.array, root=build_folder())
        print(f"compiled in, or found after: {time.perf_counter() - start:.1f} s", flush=True)
        start, start_cpu = time.perf_counter(), time.process_time()
        count = layers * len(model.projection_groups)
        with late_progress(f"{model.name}, {layers} layers", count) as done:
            parts = run_token(
                config.array, library, model, layers, options.threads, options.seed, done
            )
        wall_s, cpu_s = time.perf_counter() - start, time.process_time() - start_cpu

    macs, total = sum(part.macs for part in parts), sum(part.cycles for part in parts)
    simulating_s = sum(part.simulating_s for part in parts)
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    array = config.array
    print(f"{model.name}, {layers} of {model.layers} layers, {array.rows}x{array.lanes} array")
    print(f"weights                      {macs:,}")
    print(f"sums compared                {sum(part.outputs for part in parts):,}, 0 differ")
    print(f"cycles, measured = predicted {total:,} (all counters, {len(parts)} runs)")
    print(f"utilization                  {macs / (total * array.macs_per_cycle):.2%}")
    print(f"wall time                    {wall_s:.1f} s on {options.threads} threads")
    print(f"processor time               {cpu_s:.1f} s, {simulating_s:.1f} s of it simulating")
    print(f"simulated                    {macs / wall_s / 1e6:,.0f} M MAC/s of wall time")
    print(f"one compiled model           {total / simulating_s:,.0f} cycles/s of processor time")
    print(f"peak memory                  {peak_kib / 1024:,.0f} MiB")


if __name__ == "__main__":
    sys.exit(run_guarded(main))
