"""The same model on an array of multipliers: what the ternary array is compared with.

Same footing: the same clock, tiling, memory, vector unit, chips and chunks of tokens, and as many
multiply-accumulates per cycle, or as many as fit into the cell area of the ternary array. Where in
doubt the baseline gets the better of it: its weights stream without padding, its pipeline takes no
time to fill or drain, it has no registers and does not leak, an FP16 array also computes attention
and lm_head at its full rate, and in the same area nothing but multipliers and adders counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bitnet_hw.area import ARRAY_PARTS
from bitnet_hw.config import Config
from bitnet_hw.elementwise import floor, larger
from bitnet_hw.energy import (
    Event,
    Ledger,
    background_events,
    host_events,
    link_events,
    vector_events,
)
from bitnet_hw.energy_scopes import BASELINE_SCOPES
from bitnet_hw.model import FP16_BYTES, Model
from bitnet_hw.operators import LinkOperator, TernaryOperator, VectorOperator, Workload
from bitnet_hw.step_time import step_cycles
from bitnet_hw.timing import host_time, link_time, memory_cycles, vector_time
from rtl.geometry import Geometry

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

    def add_macs(self, ledger: Ledger, array: Geometry, steps: int) -> None:
        """Count the arithmetic of `steps` cycles in which the whole array works."""
        rows = array.rows
        macs = steps * rows * array.lanes
        ledger.add("multipliers", Event(f"{self.name}_multiply"), macs)
        if self.is_floating:
            ledger.add("adders", Event("fp16_add"), macs)
        else:
            # Products of 16 bits; each level of the tree is one bit wider, and sums are kept in 32.
            for level, (_, adders) in enumerate(array.tree_adders, start=1):
                ledger.add("adders", Event("int_add", 16 + level), steps * rows * adders)
            ledger.add("adders", Event("int_add", 32), steps * rows)

    def macs_per_cycle(self, config: Config, area: Mapping[str, float]) -> int:
        """Return the multiply-accumulates in each cycle; `area` is that of the ternary chip."""
        lanes = config.array.macs_per_cycle
        areas = config.technology.area_um2
        if not self.same_area or areas is None:
            return lanes
        if self.is_floating:
            mac_um2 = areas.fp16_multiply.nominal + areas.fp16_add.nominal
        else:
            mac_um2 = areas.int8_multiply.nominal + 32 * areas.int_add_per_bit.nominal
        area_um2 = 1e6 * sum(area[part] for part in ARRAY_PARTS)
        macs: int = larger(1, floor(area_um2 / mac_um2))
        return macs


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

    def scope_energy_j(self, scope: str) -> float:
        """Return the energy of the step in scope ``"array"``, ``"core"`` or ``"system"``."""
        if scope == "system":
            return self.energy_j
        return sum(self.energy_breakdown_j[name] for name in BASELINE_SCOPES[scope])


def estimate_baseline(
    config: Config,
    model: Model,
    workload: Workload,
    arithmetic: Arithmetic,
    phase: str,
    area: Mapping[str, float],
    *,
    ledger_type: type[Ledger] = Ledger,
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
    area : mapping of str to float
        Area of a ternary chip by part, as of `bitnet_hw.area.chip_area_mm2`.
    ledger_type : type
        What counts: another kind of ledger for columns of accelerators.
    """
    ledger = ledger_type()
    sharing = config.chips.tensor
    peak = arithmetic.macs_per_cycle(config, area)
    cycles: dict[str, int] = {}
    for operator in workload.operators:
        if arithmetic.is_floating and operator.name in ("quantize", "dequantize", "scale_exchange"):
            continue
        if isinstance(operator, TernaryOperator):
            taken, events = _matrix(config, operator, arithmetic, peak, ledger_type())
        elif isinstance(operator, LinkOperator):
            taken, events = link_time(config, operator).cycles, link_events(operator)
        else:
            taken, events = _other(config, operator, peak if arithmetic.is_floating else None)
        cycles[operator.name] = cycles.get(operator.name, 0) + taken
        ledger.add_all(events, sharing)
    step = step_cycles(cycles, model, config.chips, workload, phase)
    seconds = step / config.clock_hz
    ledger.add_all(background_events(seconds, ledger_type=ledger_type), config.chips.count)
    fp16_parameters = model.embedding_parameters + model.lm_head_parameters + model.norm_parameters
    kv_bits = config.formats.kv_cache_bits
    return Baseline(
        name=arithmetic.label,
        macs_per_cycle=peak,
        cycles=step,
        seconds=seconds,
        energy_breakdown_j=ledger.energy_j(config),
        memory_bytes=model.ternary_parameters * arithmetic.operand_bytes
        + fp16_parameters * FP16_BYTES
        + model.kv_cache_bytes(workload.kv_tokens, kv_bits),
    )


def _other(
    config: Config, operator: VectorOperator, matrix_macs_per_cycle: int | None
) -> tuple[int, Ledger]:
    """Return cycles and events of an operator that is not a linear layer."""
    if config.units.of(operator.name) == "host":
        return host_time(config, operator).cycles, host_events(operator)
    time = vector_time(config, operator, matrix_macs_per_cycle=matrix_macs_per_cycle)
    return time.cycles, vector_events(operator)


def _matrix(
    config: Config, operator: TernaryOperator, arithmetic: Arithmetic, peak: int, ledger: Ledger
) -> tuple[int, Ledger]:
    """Return the cycles of a group of linear layers, and the ledger with its events."""
    array, jobs, repeat = config.array, operator.jobs, operator.repeat
    steps = sum(job.steps(array) for job in jobs)
    arithmetic.add_macs(ledger, array, repeat * steps)

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
    compute = -(-steps * array.macs_per_cycle // peak)
    return repeat * larger(compute, memory_cycles(config, weight_bytes)), ledger
