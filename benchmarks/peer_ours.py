"""Evaluations of this project, timed as those of the other tools are."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.peer_list import Question
from benchmarks.peer_programs.measured import Timing, fastest
from bitnet_hw.batch.config_columns import config_columns
from bitnet_hw.batch.estimate_columns import estimate_columns
from bitnet_hw.batch.stream import CHUNK
from bitnet_hw.batch.sweep_axes import Axes
from bitnet_hw.config import load_config
from bitnet_hw.estimated_points import estimate_sweep
from bitnet_hw.operator_estimate import estimate_operator
from bitnet_hw.operators import TernaryOperator
from bitnet_hw.sweep import Sweep
from bitnet_hw.timing import weight_rate
from rtl.job import Job

__all__ = ["layer_alone", "layer_in_sweep", "model_in_sweep"]

# The array of the other tools: 32x32. One weight tile is one word.
ARRAY = {"array.rows": 32, "array.lanes": 32, "array.weight_bus_bits": 1640}
ALONE_RUNS = 100
LAYER_CHUNKS = 8


def layer_alone(question: Question) -> Timing:
    """Time single estimates of a layer: a configuration is read, checked and evaluated."""
    operator = _operator(question)

    def evaluate() -> dict[str, float]:
        for _ in range(ALONE_RUNS):
            config = load_config("edge", ARRAY)
            found, _ = estimate_operator(config, operator, weight_rate(config))
        return {"cycles": found.cycles, "energy_j": found.energy_j}

    return _each(fastest(_warm(evaluate)), ALONE_RUNS)


def layer_in_sweep(question: Question, sweep: Sweep) -> Timing:
    """Time estimates of a layer on the first designs of a sweep, as columns.

    Everything is computed that `estimate` reports of a step: cycles, energy by component, bytes,
    area, leakage.
    """
    axes = Axes(sweep)
    operators = (_operator(question),)
    points = min(sweep.points, LAYER_CHUNKS * CHUNK)

    def evaluate() -> dict[str, float]:
        designs = 0
        for start in range(0, points, CHUNK):
            at = axes.at(np.arange(start, min(start + CHUNK, points)))
            for shared, rows in at.groups():
                valid = rows[at.sizes.fits(rows, question.asked["k"])]
                profiles, which = at.profiles(shared, valid)
                sizes, width = at.sizes.array_sizes(valid), at.sizes.vector_macs(valid)
                config = config_columns(profiles, which, sizes, width)
                workload = replace(shared.workload, operators=operators)
                result = estimate_columns(
                    config, shared.model, workload, **shared.step, baselines=(), ranges=False
                )
                designs += len(result.cycles)
        return {"designs": designs}

    return _each(fastest(_warm(evaluate)), points)


def model_in_sweep(sweep: Sweep, jobs: int) -> Timing:
    """Time a whole sweep: all operators of the model on every design, front and best designs."""

    def evaluate() -> dict[str, float]:
        found = estimate_sweep(sweep, jobs=jobs, keep_all=0)
        return {"designs": found.finished_points}

    return _each(fastest(evaluate), sweep.points)


def _each(timing: Timing, count: int) -> Timing:
    """Return the time of one evaluation of several that were timed together."""
    return replace(timing, wall_s=timing.wall_s / count, processor_s=timing.processor_s / count)


def _operator(question: Question) -> TernaryOperator:
    job = Job(**{name: question.asked[name] for name in "kmn"})
    return TernaryOperator(name="layer", jobs=(job,), repeat=1)


def _warm(work: Callable[[], Any]) -> Callable[[], Any]:
    """Run work once, so that files are read and modules loaded."""
    work()
    return work
