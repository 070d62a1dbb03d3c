"""Energy as events times energy per event, each sum kept apart by component."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from bitnet_hw.memory import Memory
from bitnet_hw.technology import Technology
from bitnet_hw.workload import VectorOperator
from rtl.geometry import ACTIVATION_BITS, Geometry
from rtl.job import Job

__all__ = [
    "ASSUMPTIONS",
    "EDGES",
    "NOT_COUNTED",
    "SCOPES",
    "Event",
    "Ledger",
    "background_events",
    "ternary_events",
    "vector_events",
]

EDGES = ("low", "nominal", "high")

_ARRAY = ("adder_tree", "accumulators")
_CORE = (*_ARRAY, "activation_store", "result_buffer", "vector_unit")
_SYSTEM = (
    *_CORE,
    "dram_ternary_weights",
    "dram_lm_head",
    "dram_kv_cache",
    "dram_embedding",
    "dram_norms",
    "dram_background",
)
SCOPES: Mapping[str, tuple[str, ...]] = {"array": _ARRAY, "core": _CORE, "system": _SYSTEM}
"""Components of each scope: arithmetic of the array, + the rest of the chip, + the memory."""

ASSUMPTIONS = (
    "Every lane toggles in every step of the array: for zero weights and beyond ragged edges too.",
    "An addition of b bits costs what lies on the line through the published 8 and 32 bits.",
    "An SRAM access costs the same for a read and a write, in proportion to its bits.",
    "The memory is as large as it has to be.",
)
NOT_COUNTED = (
    "registers and the partial sums kept in them",
    "wires and the clock tree",
    "the weight decoder and the lane select",
    "control and buffers of the vector unit",
    "leakage of the chip",
    "sampling",
)
"""What the published tables hold no energy for."""


@dataclass(frozen=True)
class Event:
    """Something that costs energy each time it happens.

    Parameters
    ----------
    kind : str
        ``"int_add"`` (`size`: bits), ``"int8_multiply"``, ``"fp16_add"``, ``"fp16_multiply"``,
        ``"sram_bit"`` (`size`: bytes of the memory), ``"dram_bit"``, ``"dram_second"``.
    size : int
        What the energy depends on, for the kinds that depend on something.
    """

    kind: str
    size: int = 0

    def __str__(self) -> str:
        return f"{self.kind}[{self.size}]" if self.size else self.kind

    def energy_pj(self, technology: Technology, memory: Memory, edge: str = "nominal") -> float:
        """Return the energy of one such event in pJ, at one edge of the published range."""
        if self.kind == "int_add":
            return technology.int_add_pj(self.size, edge)
        if self.kind == "sram_bit":
            return technology.sram_pj_per_bit(self.size, edge)
        if self.kind == "dram_bit":
            return memory.energy_pj_per_bit.at(edge)
        if self.kind == "dram_second":
            return memory.background_mw.at(edge) * 1e9
        return getattr(technology.energy_pj, self.kind).at(edge)  # type: ignore[no-any-return]  # fields by name


@dataclass
class Ledger:
    """Counts of events by component. The only mutable thing: operators add themselves to it."""

    counts: dict[str, dict[Event, float]] = field(default_factory=dict)

    def add(self, component: str, event: Event, count: float) -> None:
        """Count an event."""
        if count:
            events = self.counts.setdefault(component, {})
            events[event] = events.get(event, 0) + count

    def add_all(self, other: "Ledger") -> None:
        """Count everything that another ledger has counted."""
        for component, events in other.counts.items():
            for event, count in events.items():
                self.add(component, event, count)

    def energy_j(
        self, technology: Technology, memory: Memory, edge: str = "nominal"
    ) -> dict[str, float]:
        """Return the energy of each component in J."""
        return {
            component: 1e-12
            * sum(
                count * event.energy_pj(technology, memory, edge) for event, count in events.items()
            )
            for component, events in self.counts.items()
        }


def ternary_events(geometry: Geometry, jobs: Iterable[Job], repeat: int) -> Ledger:
    """Return the events of jobs that the array runs `repeat` times."""
    ledger = Ledger()
    jobs = tuple(jobs)
    steps = repeat * sum(job.steps(geometry) for job in jobs)
    for bits, adders in _tree_adders(geometry.lanes):
        ledger.add("adder_tree", Event("int_add", bits), steps * geometry.rows * adders)
    accumulate = Event("int_add", geometry.accumulator_bits)
    ledger.add("accumulators", accumulate, steps * geometry.rows)

    # The loader writes each activation once for each job; each step reads one word.
    words = steps + repeat * sum(geometry.k_tiles(job.k) * job.m for job in jobs)
    store = Event("sram_bit", -(-geometry.activation_store_bits // 8))
    ledger.add("activation_store", store, words * geometry.activation_word_bits)

    # A vector of results is written once and read once.
    vector_bits = geometry.rows * geometry.accumulator_bits
    vectors = repeat * sum(geometry.n_tiles(job.n) * job.m for job in jobs)
    buffer = Event("sram_bit", -(-geometry.result_slots * vector_bits // 8))
    ledger.add("result_buffer", buffer, 2 * vectors * vector_bits)

    tiles = repeat * sum(job.tiles(geometry) for job in jobs)
    ledger.add("dram_ternary_weights", Event("dram_bit"), tiles * geometry.tile_bytes * 8)
    return ledger


def vector_events(operator: VectorOperator) -> Ledger:
    """Return the events of an operator on the vector unit."""
    ledger = Ledger()
    multiplies = operator.repeat * (operator.macs + operator.multiplies)
    ledger.add("vector_unit", Event("fp16_multiply"), multiplies)
    ledger.add("vector_unit", Event("fp16_add"), operator.repeat * (operator.macs + operator.adds))
    for kind, count in operator.dram_bytes.items():
        ledger.add(f"dram_{kind}", Event("dram_bit"), operator.repeat * count * 8)
    return ledger


def background_events(seconds: float) -> Ledger:
    """Return what the memory draws while it waits."""
    ledger = Ledger()
    ledger.add("dram_background", Event("dram_second"), seconds)
    return ledger


@cache
def _tree_adders(lanes: int) -> tuple[tuple[int, int], ...]:
    """Return width and number of the adders of each level of a row's tree (rtl/adder_tree.py)."""
    levels = []
    level, nodes = 1, lanes
    while nodes > 1:
        levels.append((ACTIVATION_BITS + level, nodes // 2))
        level, nodes = level + 1, -(-nodes // 2)
    return tuple(levels)
