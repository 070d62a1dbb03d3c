"""The same model on an array of multipliers: what the ternary array is compared with.

Same footing: the same clock, tiling, memory, vector unit, chips and chunks of tokens, and as many
multiply-accumulates per cycle, or as many as fit into the cell area of the ternary array. Where in
doubt the baseline gets the better of it: its weights stream without padding, its pipeline takes no
time to fill or drain, it has no registers and does not leak, an FP16 array also computes attention
and lm_head at its full rate, and in the same area nothing but multipliers and adders counts.
"""

from dataclasses import dataclass

from bitnet_hw.area import ARRAY_PARTS, chip_area_mm2
from bitnet_hw.config import Config
from bitnet_hw.energy import (
    Event,
    Ledger,
    background_events,
    host_events,
    link_events,
    vector_events,
)
from bitnet_hw.model import FP16_BYTES, Model
from bitnet_hw.operators import LinkOperator, TernaryOperator, VectorOperator, Workload
from bitnet_hw.step_time import step_cycles
from bitnet_hw.timing import host_time, link_time, memory_cycles, vector_time

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
    same_area : bool
        As many multipliers as fit into the area of the ternary array, not as many as it has lanes.
    """

    name: str
    operand_bytes: int
    same_area: bool = False

    @property
    def label(self) -> str:
        """Name in reports."""
        return f"{self.name}_same_area" if self.same_area else self.name

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

    def macs_per_cycle(self, config: Config) -> int:
        """Return the multiply-accumulates in each cycle."""
        lanes = config.array.macs_per_cycle
        areas = config.technology.area_um2
        if not self.same_area or areas is None:
            return lanes
        if self.is_floating:
            mac_um2 = areas.fp16_multiply.nominal + areas.fp16_add.nominal
        else:
            mac_um2 = areas.int8_multiply.nominal + 32 * areas.int_add_per_bit.nominal
        parts = chip_area_mm2(config)
        area_um2 = 1e6 * sum(parts[part] for part in ARRAY_PARTS)
        return max(1, int(area_um2 / mac_um2))


BASELINES = (
    Arithmetic("fp16", 2),
    Arithmetic("int8", 1),
    Arithmetic("fp16", 2, same_area=True),
    Arithmetic("int8", 1, same_area=True),
)


@dataclass(frozen=True)
class Baseline:
    """What one step takes on a multiplier array.

    Parameters
    ----------
    name : str
        Its number format, and ``_same_area`` if it is as large as the ternary array.
    macs_per_cycle : int
        Its peak.
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
    macs_per_cycle: int
    cycles: int
    seconds: float
    energy_breakdown_j: dict[str, float]
    memory_bytes: int

    @property
    def energy_j(self) -> float:
        """Energy of the step, scope `system`."""
        return sum(self.energy_breakdown_j.values())


def estimate_baseline(
    config: Config, model: Model, workload: Workload, arithmetic: Arithmetic, phase: str
) -> Baseline:
    """Return time, energy and memory of a step on a multiplier array.

    Parameters
    ----------
    config : Config
        The accelerator that it replaces.
    model : Model
        The whole model.
    workload : Workload
        What each of the chips does that share a layer.
    arithmetic : Arithmetic
        The multipliers.
    phase : str
        ``"decode"`` or ``"prefill"``.
    """
    ledger = Ledger()
    sharing = config.chips.tensor
    cycles: dict[str, int] = {}
    for operator in workload.operators:
        if arithmetic.is_floating and operator.name in ("quantize", "dequantize", "scale_exchange"):
            continue
        if isinstance(operator, TernaryOperator):
            taken, events = _matrix(config, operator, arithmetic)
        elif isinstance(operator, LinkOperator):
            taken, events = link_time(config, operator).cycles, link_events(operator)
        else:
            taken, events = _other(config, operator, arithmetic)
        cycles[operator.name] = cycles.get(operator.name, 0) + taken
        ledger.add_all(events, sharing)
    step = step_cycles(cycles, model, config.chips, workload, phase)
    seconds = step / config.clock_hz
    ledger.add_all(background_events(seconds), config.chips.count)
    fp16_parameters = model.embedding_parameters + model.lm_head_parameters + model.norm_parameters
    kv_bits = config.formats.kv_cache_bits
    return Baseline(
        name=arithmetic.label,
        macs_per_cycle=arithmetic.macs_per_cycle(config),
        cycles=step,
        seconds=seconds,
        energy_breakdown_j=ledger.energy_j(config),
        memory_bytes=model.ternary_parameters * arithmetic.operand_bytes
        + fp16_parameters * FP16_BYTES
        + model.kv_cache_bytes(workload.kv_tokens, kv_bits),
    )


def _other(config: Config, operator: VectorOperator, arithmetic: Arithmetic) -> tuple[int, Ledger]:
    """Return cycles and events of an operator that is not a linear layer."""
    if config.units.of(operator.name) == "host":
        return host_time(config, operator).cycles, host_events(operator)
    products = arithmetic.macs_per_cycle(config) if arithmetic.is_floating else None
    time = vector_time(config, operator, matrix_macs_per_cycle=products)
    return time.cycles, vector_events(operator)


def _matrix(
    config: Config, operator: TernaryOperator, arithmetic: Arithmetic
) -> tuple[int, Ledger]:
    """Return cycles and events of a group of linear layers."""
    array, jobs, repeat = config.array, operator.jobs, operator.repeat
    steps = sum(job.steps(array) for job in jobs)
    ledger = Ledger()
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
    compute = -(-steps * array.macs_per_cycle // arithmetic.macs_per_cycle(config))
    return repeat * max(compute, memory_cycles(config, weight_bytes)), ledger
