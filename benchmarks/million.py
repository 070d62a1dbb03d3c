"""Designs that `bitnet-hw explore` estimates in a second, and the memory that it takes.

The sweep of configs/sweeps/million.yaml is estimated as `explore` does it: every operator of the
model for every design, front, best designs and effects, and one row for each design in a Parquet
file. Then some of its points are estimated one by one, as `bitnet-hw estimate` does it, and
compared.

Example: python benchmarks/million.py --jobs 2
"""

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow.parquet
import typer

from bitnet_hw.cli import run_guarded
from bitnet_hw.estimated_points import estimate_sweep
from bitnet_hw.sweep import Sweep, load_sweep
from bitnet_hw.sweep_point import evaluate_point

COMPARED = 200


def main(
    sweep: Annotated[str, typer.Option(help="Sweep: a preset name or a .yaml file.")] = "million",
    jobs: Annotated[int, typer.Option(min=1, help="Threads.")] = 2,
) -> None:
    """Measure and print."""
    plan = load_sweep(sweep)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.parquet"
        start = time.perf_counter()
        found = estimate_sweep(plan, jobs=jobs, results=path, keep_all=0)
        seconds = time.perf_counter() - start
        peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{found.finished_points} designs in {seconds:.2f} s on {jobs} threads: "
            f"{found.finished_points / seconds:,.0f} in a second; {peak_gib:.2f} GiB; "
            f"{len(found.front)} on the front; {path.stat().st_size / 1e6:.0f} MB of Parquet"
        )
        _compare(plan, path)


def _compare(plan: Sweep, path: Path) -> None:
    """Compare some rows of the file with estimates of single points."""
    table = pyarrow.parquet.read_table(path)
    indices = np.unique(np.linspace(0, table.num_rows - 1, COMPARED).astype(int)).tolist()
    rows = table.take(indices).to_pylist()
    start = time.perf_counter()
    compared = different = 0
    for index, row in zip(indices, rows, strict=True):
        alone = evaluate_point(plan.point(index))
        for name, value in row.items():
            if name != "feasible":
                compared += 1
                different += value != alone.get(name)
    seconds = (time.perf_counter() - start) / len(indices)
    print(
        f"{compared} numbers of {len(indices)} designs compared with single estimates "
        f"({1e3 * seconds:.2f} ms each): {different} differ"
    )


if __name__ == "__main__":
    sys.exit(run_guarded(lambda: typer.run(main)))
