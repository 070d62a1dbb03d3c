"""One GEMM on a 32x32 array in AccelForge: ``accelforge_layer.py QUESTION ANSWER``.

The array is that of accelforge_array.yaml, whose energies are given: CACTI, which would compute
them, needs a newer C library than some systems have.
"""

from pathlib import Path
from typing import Any

import accelforge
from accelforge.mapper.FFM.mappings import Mappings
from measured import answer

HERE = Path(__file__).parent


def evaluate(question: dict[str, Any]) -> dict[str, float]:
    """Return time and energy of the mapping with the least time."""
    spec = accelforge.Spec.from_yaml(
        str(HERE / "accelforge_array.yaml"),
        str(HERE / "accelforge_gemm.yaml"),
        jinja_parse_data={name: question[name] for name in "mkn"},
    )
    spec.mapper.metrics = accelforge.mapper.Metrics.LATENCY
    mappings = spec.map_workload_to_arch(print_progress=False)
    return {"seconds": float(mappings.latency()), "energy_j": float(mappings.energy())}


if __name__ == "__main__":
    # One processor core each, for every tool.
    accelforge.set_n_parallel_jobs(1)
    # This version draws every mapping with Graphviz and fails where that is missing.
    Mappings.render = lambda self: ""
    answer(evaluate)
