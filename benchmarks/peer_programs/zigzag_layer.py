"""One GEMM on the 32x32 array that ZigZag ships (tpu_like): ``zigzag_layer.py QUESTION ANSWER``.

Partial sums get 32 bits, as int8 products over thousands of inputs need; with the 16 bits of the
shipped file no loop order is found.
"""

import logging
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from measured import answer
from zigzag.api import get_hardware_performance_zigzag

# Loop factors that are permuted: 8 takes 20 times as long for a result that differs by 0.01 %.
FACTORS = 6
SUM_BITS = 32


def array() -> dict[str, Any]:
    """Return the shipped array with registers that hold a partial sum."""
    shipped = files("zigzag") / "inputs" / "hardware" / "tpu_like.yaml"
    accelerator: dict[str, Any] = yaml.safe_load(shipped.read_text())
    registers = accelerator["memories"]["rf_2B"]
    registers["size"] = SUM_BITS
    for port in registers["ports"]:
        port["bandwidth_min"] = port["bandwidth_max"] = SUM_BITS
    return accelerator


def layer(question: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a workload of one layer: m tokens, k inputs, n outputs, 8 bits each."""
    return [
        {
            "id": 0,
            "name": "layer",
            "operator_type": "Gemm",
            "equation": "O[b][k]+=I[b][c]*W[k][c]",
            "loop_dims": ["B", "C", "K"],
            "loop_sizes": [question["m"], question["k"], question["n"]],
            "operand_precision": {"I": 8, "W": 8, "O": SUM_BITS, "O_final": 8},
            "operand_source": {"I": 0, "W": 0},
        }
    ]


def evaluate(question: dict[str, Any]) -> dict[str, float]:
    """Return cycles and energy of the mapping with the least cycles."""
    mapping = files("zigzag") / "inputs" / "mapping" / "default.yaml"
    Path("array.yaml").write_text(yaml.safe_dump(array(), sort_keys=False))
    Path("layer.yaml").write_text(yaml.safe_dump(layer(question), sort_keys=False))
    energy_pj, cycles, _ = get_hardware_performance_zigzag(
        "layer.yaml",
        "array.yaml",
        str(mapping),
        opt="latency",
        lpf_limit=FACTORS,
        dump_folder="reports",
        loma_show_progress_bar=False,
    )
    return {"cycles": int(cycles), "energy_j": float(energy_pj) * 1e-12}


if __name__ == "__main__":
    # It logs every layer; formatting that is not part of what is asked.
    logging.disable(logging.CRITICAL)
    answer(evaluate)
