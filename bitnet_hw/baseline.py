"""The same model on an array of multipliers: what the ternary array is compared with.

Same footing: as many multiply-accumulates per cycle at the same clock, the same tiling, memory,
vector unit and chunks of tokens. Where in doubt the baseline gets the better of it: its weights
stream without padding, its pipeline takes no time to fill or drain, and an FP16 array also computes
attention and lm_head at its full rate.
"""

from dataclasses import dataclass

from bitnet_hw.config import Config
from bitnet_hw.energy import Event, Ledger, background_events, vector_events
from bitnet_hw.model import FP16_BYTES, Model
from bitnet_hw.timing import memory_cycles, vector_time
from bitnet_hw.workload import TernaryOperator, Workload

__all__ = ["BASELINES", "Arithmetic", "Baseline", "estimate_baseline"]

_ACCUMULATOR_BITS = {"fp16": 16, "int8": 32}


@dataclass(frozen=True)
class Arithmetic:
    """Number format of a multiplier array.

    Parameters
    ----------
    name : str
        ``"fp16"`` or ``"int8"``.
    operand_bytes : int
        Bytes of a weight and of an activation.
    """

    name: str
    operand_bytes: int

    @property
    def is_floating(self) -> bool:
        """Whether the array can also compute what stays in FP16."""
        return self.name == "fp16"

    def add_macs(self, ledger: Ledger, rows: int, lanes: int, steps: int) -> None:
        """Count the arithmetic of `steps` cycles in which the whole array works."""
        macs = steps * rows * lanes
        ledger.add("multipliers", Event(f"{self.name}_multiply"), macs)
        if self.is_floating:
            ledger.add("adders", Event("fp16_add"), macs)
        else:
            # Products of 16 bits; each level of the tree is one bit wider, and sums are kept in 32.
            level, nodes = 1, lanes
            while nodes > 1:
                count = steps * rows * (nodes // 2)
                ledger.add("adders", Event("int_add", 16 + level), count)
                level, nodes = level + 1, -(-nodes // 2)
            ledger.add("adders", Event("int_add", 32), steps * rows)


BASELINES = (Arithmetic("fp16", 2), Arithmetic("int8", 1))


@dataclass(frozen=True)
class Baseline:
    """What one step takes on a multiplier array.

    Parameters
    ----------
    name : str
        Its number format.
    cycles : int
        Clock cycles of the step.
    seconds : float
        Duration of the step.
    energy_breakdown_j : dict
        Energy of the step by component, scope `system`.
    memory_bytes : int
        Weights, embeddings, norms and KV cache.
    """

    name: str
    cycles: int
    seconds: float
    energy_breakdown_j: dict[str, float]
    memory_bytes: int

    @property
    def energy_j(self) -> float:
        """Energy of the step, scope `system`."""
        return sum(self.energy_breakdown_j.values())


def estimate_baseline(
    config: Config, model: Model, workload: Workload, arithmetic: Arithmetic
) -> Baseline:
    """Return time, energy and memory of a step on a multiplier array of equal throughput."""
    ledger = Ledger()
    cycles = 0
    for operator in workload.operators:
        if isinstance(operator, TernaryOperator):
            cycles += _matrix(config, operator, arithmetic, ledger)
        elif not (arithmetic.is_floating and operator.name in ("quantize", "dequantize")):
            products = config.array.macs_per_cycle if arithmetic.is_floating else None
            cycles += vector_time(config, operator, matrix_macs_per_cycle=products).cycles
            ledger.add_all(vector_events(operator))
    seconds = cycles / config.clock_hz
    ledger.add_all(background_events(seconds))
    fp16_parameters = model.embedding_parameters + model.lm_head_parameters + model.norm_parameters
    return Baseline(
        name=arithmetic.name,
        cycles=cycles,
        seconds=seconds,
        energy_breakdown_j=ledger.energy_j(config.technology, config.memory),
        memory_bytes=model.ternary_parameters * arithmetic.operand_bytes
        + fp16_parameters * FP16_BYTES
        + model.kv_cache_bytes(workload.kv_tokens),
    )


def _matrix(
    config: Config, operator: TernaryOperator, arithmetic: Arithmetic, ledger: Ledger
) -> int:
    """Count the events of a group of linear layers, and return its cycles."""
    array, jobs, repeat = config.array, operator.jobs, operator.repeat
    steps = sum(job.steps(array) for job in jobs)
    arithmetic.add_macs(ledger, array.rows, array.lanes, repeat * steps)

    # As in the ternary array, with wider activations.
    scale = arithmetic.operand_bytes
    words = steps + sum(array.k_tiles(job.k) * job.m for job in jobs)
    store = Event("sram_bit", -(-array.activation_store_bits * scale // 8))
    word_bits = array.activation_word_bits * scale
    ledger.add("activation_store", store, repeat * words * word_bits)
    vector_bits = array.rows * _ACCUMULATOR_BITS[arithmetic.name]
    vectors = sum(array.n_tiles(job.n) * job.m for job in jobs)
    buffer = Event("sram_bit", -(-array.result_slots * vector_bits // 8))
    ledger.add("result_buffer", buffer, 2 * repeat * vectors * vector_bits)

    weight_bytes = sum(job.k * job.n for job in jobs) * arithmetic.operand_bytes
    ledger.add("dram_weights", Event("dram_bit"), repeat * weight_bytes * 8)
    return repeat * max(steps, memory_cycles(config, weight_bytes))
