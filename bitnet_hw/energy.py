"""Energy as events times energy per event, each sum kept apart by component."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bitnet_hw.config import Config
from bitnet_hw.gate_counts import count_of
from bitnet_hw.gate_terms import Gates
from bitnet_hw.operators import LinkOperator, VectorOperator
from rtl.geometry import Geometry
from rtl.job import Job

__all__ = [
    "Event",
    "Ledger",
    "background_events",
    "host_events",
    "link_events",
    "ternary_events",
    "vector_events",
]


@dataclass(frozen=True)
class Event:
    """Something that costs energy each time it happens.

    Parameters
    ----------
    kind : str
        ``"int_add"`` (`size`: bits), ``"int8_multiply"``, ``"fp16_add"``, ``"fp16_multiply"``,
        ``"lane_select"``, ``"trit_decode"``, ``"weight_check_bit"``, ``"register_bit"``,
        ``"sram_bit"`` (`size`: bytes of the memory), ``"host_op"``, ``"link_bit"``,
        ``"dram_bit"``, ``"dram_second"``, ``"board_second"``; ``"gate_new"`` and ``"gate_same"``
        (`term`): one unit of a term of the technology's gates in a step with other weights than the
        one before, or with the same.
    size : int
        What the energy depends on, for the kinds that depend on something.
    level, tokens : int
        Where in an adder tree it happens, as of `Activity.of_adder`.
    term : str
        Name of a term of `bitnet_hw.gate_terms.Gates`.
    """

    kind: str
    size: int = 0
    level: int = 0
    tokens: int = 1
    term: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands in a sum: terms in an order of their own, whichever happened first.

        A sum of many designs has every term from the start, that of one only what has happened.
        """
        return (self.term, self.kind) if self.term else ("", "")

    def __str__(self) -> str:
        if self.term:
            return f"{self.kind}[{self.term}]"
        return f"{self.kind}[{self.size}]" if self.size else self.kind

    def energy_pj(self, config: Config, edge: str = "nominal", zeros: str | None = None) -> float:
        """Return the energy of one such event in pJ.

        Parameters
        ----------
        config : Config
            Technology, memory, activity and all else that has a price.
        edge : str
            Which end of the published ranges: ``"low"``, ``"nominal"`` or ``"high"``.
        zeros : str, optional
            Which end of the zero fraction, if not the same.
        """
        technology, kind = config.technology, self.kind
        if self.term:
            return config.gate_step_pj(kind.removeprefix("gate_"), self.term, edge, zeros or edge)
        if kind == "sram_bit":
            return technology.sram_pj_per_bit(self.size, edge)
        if kind == "dram_bit":
            return config.memory.energy_pj_per_bit.at(edge)
        if kind == "dram_second":
            return config.memory.count * config.memory.background_mw.at(edge) * 1e9
        if kind == "link_bit":
            return config.chips.link.energy_pj_per_bit.at(edge)
        if kind == "host_op":
            return config.host.energy_pj_per_mac.at(edge) if config.host else 0.0
        if kind == "board_second":
            return config.board.idle_w.at(edge) * 1e12 if config.board else 0.0
        if kind == "int_add":
            energy = technology.int_add_pj(self.size, edge)
        else:
            figure = getattr(technology.energy_pj, kind)
            energy = figure.at(edge) if figure else 0.0
        if kind in ("int_add", "lane_select"):
            energy *= config.activity.of_adder(self.level, self.tokens, zeros or edge)
        return energy


@dataclass
class Ledger:
    """Counts of events by component. The only mutable thing: operators add themselves to it."""

    counts: dict[str, dict[Event, float]] = field(default_factory=dict)

    def add(self, component: str, event: Event, count: float) -> None:
        """Count an event."""
        if count:
            events = self.counts.setdefault(component, {})
            events[event] = events.get(event, 0) + count

    def add_all(self, other: "Ledger", times: int = 1) -> None:
        """Count everything that another ledger has counted, so many times."""
        for component, events in other.counts.items():
            for event, count in events.items():
                self.add(component, event, times * count)

    def count(self, component: str) -> int:
        """Return the number of events of a component, of whatever kind."""
        return int(sum(self.counts.get(component, {}).values()))

    def energy_j(
        self, config: Config, edge: str = "nominal", zeros: str | None = None
    ) -> dict[str, float]:
        """Return the energy of each component in J; `edge` and `zeros` as of `Event.energy_pj`."""
        return {
            component: 1e-12
            * sum(
                count * event.energy_pj(config, edge, zeros)
                for event, count in sorted(events.items(), key=lambda item: item[0].place)
            )
            for component, events in self.counts.items()
        }


def ternary_events(
    geometry: Geometry,
    jobs: Iterable[Job],
    repeat: int,
    kind: str = "ternary_weights",
    *,
    gates: Gates | None = None,
    ledger_type: type[Ledger] = Ledger,
) -> Ledger:
    """Return the events of jobs that the array runs `repeat` times.

    Parameters
    ----------
    geometry : Geometry
        The array.
    jobs : iterable of Job
        The jobs.
    repeat : int
        How often they run.
    kind : str
        What the weights are, in the name of the component of their transfer.
    gates : Gates
        What the array is made of, if the technology knows; else it is counted in operations.
    ledger_type : type
        What counts: another kind of ledger for columns of geometries.
    """
    ledger = ledger_type()
    jobs = tuple(jobs)
    steps_with: Counter[int] = Counter()
    for job in jobs:
        steps_with[job.m] += repeat * job.steps(geometry)
    steps = steps_with.total()
    tiles = repeat * sum(job.tiles(geometry) for job in jobs)
    if gates is None:
        _count_operations(ledger, geometry, steps_with, tiles)
    else:
        for component, count, term in gates.parts(geometry.weight_encoding, geometry.lane_style):
            units = count_of(geometry, count)
            # The step after a tile of weights has come is the only one that finds others.
            ledger.add(component, Event("gate_new", term=term), tiles * units)
            ledger.add(component, Event("gate_same", term=term), (steps - tiles) * units)

    if geometry.weight_check != "none":
        checked_bits = tiles * geometry.words_per_tile * geometry.weight_bus_bits
        ledger.add("weight_check", Event("weight_check_bit"), checked_bits)

    # The loader writes each activation once for each job; each step reads one word.
    words = steps + repeat * sum(geometry.k_tiles(job.k) * job.m for job in jobs)
    store = Event("sram_bit", -(-geometry.activation_store_bits // 8))
    ledger.add("activation_store", store, words * geometry.activation_word_bits)

    # A vector of results is written once and read once.
    vector_bits = geometry.rows * geometry.accumulator_bits
    vectors = repeat * sum(geometry.n_tiles(job.n) * job.m for job in jobs)
    buffer = Event("sram_bit", -(-geometry.result_slots * vector_bits // 8))
    ledger.add("result_buffer", buffer, 2 * vectors * vector_bits)

    ledger.add(f"dram_{kind}", Event("dram_bit"), tiles * geometry.tile_bytes * 8)
    return ledger


def _count_operations(
    ledger: Ledger, geometry: Geometry, steps_with: Counter[int], tiles: int
) -> None:
    """Count what an array does in additions, selections and registers."""
    lanes, steps = geometry.macs_per_cycle, steps_with.total()
    for tokens, count in steps_with.items():
        for level, (bits, adders) in enumerate(geometry.tree_adders, start=1):
            event = Event("int_add", bits, level, tokens)
            ledger.add("adder_tree", event, count * geometry.rows * adders)
        ledger.add("lane_select", Event("lane_select", 0, 1, tokens), count * lanes)
    ledger.add("weight_decoder", Event("trit_decode"), tiles * lanes)
    written = steps * geometry.step_register_bits + tiles * geometry.tile_register_bits
    ledger.add("registers", Event("register_bit"), written)
    accumulate = Event("int_add", geometry.accumulator_bits)
    ledger.add("accumulators", accumulate, steps * geometry.rows)


def vector_events(operator: VectorOperator) -> Ledger:
    """Return the events of an operator on the vector unit."""
    ledger = Ledger()
    add, unit = ledger.add, "vector_unit"
    multiplies, adds = operator.multiplies, operator.adds
    if operator.number == "fp16":
        multiplies, adds = multiplies + operator.macs, adds + operator.macs
    else:
        add(unit, Event("int8_multiply"), operator.repeat * operator.macs)
        add(unit, Event("int_add", 32), operator.repeat * operator.macs)
    add(unit, Event("fp16_multiply"), operator.repeat * multiplies)
    add(unit, Event("fp16_add"), operator.repeat * adds)
    _count_transfers(ledger, operator)
    return ledger


def host_events(operator: VectorOperator) -> Ledger:
    """Return the events of an operator on the host."""
    ledger = Ledger()
    work = operator.macs + max(operator.multiplies, operator.adds)
    ledger.add("host", Event("host_op"), operator.repeat * work)
    _count_transfers(ledger, operator)
    return ledger


def link_events(operator: LinkOperator) -> Ledger:
    """Return the events of an exchange, for one of the chips that take part in it."""
    ledger = Ledger()
    ledger.add("link", Event("link_bit"), operator.repeat * operator.link_bytes * 8)
    return ledger


def background_events(seconds: float, *, ledger_type: type[Ledger] = Ledger) -> Ledger:
    """Return what the memory draws while it waits."""
    ledger = ledger_type()
    ledger.add("dram_background", Event("dram_second"), seconds)
    return ledger


def _count_transfers(ledger: Ledger, operator: VectorOperator) -> None:
    for kind, count in operator.dram_bytes.items():
        ledger.add(f"dram_{kind}", Event("dram_bit"), operator.repeat * count * 8)
