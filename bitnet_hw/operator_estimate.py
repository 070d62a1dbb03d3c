"""What one kind of operator takes in a step."""

from dataclasses import dataclass
from typing import Any

from bitnet_hw.config import Config
from bitnet_hw.cycles import WeightRate
from bitnet_hw.energy import Ledger, host_events, link_events, ternary_events, vector_events
from bitnet_hw.operators import LinkOperator, Operator, TernaryOperator
from bitnet_hw.timing import host_time, link_time, ternary_time, vector_time

__all__ = ["OperatorEstimate", "estimate_operator", "total"]


@dataclass(frozen=True, kw_only=True)
class OperatorEstimate:
    """One kind of operator, all its runs in a step together, on all chips that share it.

    Parameters
    ----------
    name : str
        ``"qkv_proj"``, ``"attention"``, ``"lm_head"``, ...
    unit : str
        ``"array"``, ``"vector"``, ``"host"`` or ``"link"``.
    runs : int
        How often it runs: layers times chunks of tokens.
    cycles : int
        Clock cycles of all runs.
    seconds : float
        Duration of all runs.
    macs : int
        Multiply-accumulates of matrix products.
    dram_bytes : int
        Bytes read from and written to memory.
    energy_j : float
        Energy, scope `system`, without what is drawn whatever works: leakage and background power.
    bound : str
        What limits it (its longest part): ``"compute"``, ``"weights"``, ``"memory"`` or ``"link"``.
    """

    name: str
    unit: str
    runs: int
    cycles: int
    seconds: float
    macs: int
    dram_bytes: int
    energy_j: float
    bound: str

    @property
    def macs_per_byte(self) -> float | None:
        """Position on the roofline; None if the operator moves or multiplies nothing."""
        return self.macs / self.dram_bytes if self.macs and self.dram_bytes else None

    @property
    def macs_per_second(self) -> float:
        """Height on the roofline."""
        return self.macs / self.seconds if self.seconds else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {
            **vars(self),
            "macs_per_byte": self.macs_per_byte,
            "macs_per_second": self.macs_per_second,
        }


def estimate_operator(
    config: Config, operator: Operator, rate: WeightRate
) -> tuple[OperatorEstimate, Ledger]:
    """Return what an operator takes, and the events behind its energy, on all chips together.

    Parameters
    ----------
    config : Config
        The accelerator.
    operator : Operator
        The part of it that one chip does.
    rate : WeightRate
        Of the weight stream.
    """
    macs = dram_bytes = 0
    if isinstance(operator, TernaryOperator):
        unit, time = "array", ternary_time(config, operator, rate)
        events = ternary_events(
            config.array,
            operator.jobs,
            operator.repeat,
            operator.kind,
            gates=config.technology.gates,
        )
        tiles = sum(job.tiles(config.array) for job in operator.jobs)
        macs = sum(job.macs for job in operator.jobs)
        dram_bytes = tiles * config.array.tile_bytes
    elif isinstance(operator, LinkOperator):
        unit, time, events = "link", link_time(config, operator), link_events(operator)
    else:
        unit = config.units.of(operator.name)
        if unit == "host":
            time, events = host_time(config, operator), host_events(operator)
        else:
            time, events = vector_time(config, operator), vector_events(operator)
        macs, dram_bytes = operator.macs, sum(operator.dram_bytes.values())
    ledger = Ledger()
    # So many chips do the same on different parts of a layer.
    sharing = config.chips.tensor
    ledger.add_all(events, sharing)
    return (
        OperatorEstimate(
            name=operator.name,
            unit=unit,
            runs=operator.repeat,
            cycles=time.cycles,
            seconds=time.cycles / config.clock_hz,
            macs=sharing * operator.repeat * macs,
            dram_bytes=sharing * operator.repeat * dram_bytes,
            energy_j=sum(ledger.energy_j(config).values()),
            bound=time.bound,
        ),
        ledger,
    )


def total(rows: list[OperatorEstimate]) -> OperatorEstimate:
    """Return the sum of the runs of one operator with different numbers of tokens."""
    longest = max(rows, key=lambda row: row.cycles)
    return OperatorEstimate(
        name=longest.name,
        unit=longest.unit,
        runs=sum(row.runs for row in rows),
        cycles=sum(row.cycles for row in rows),
        seconds=sum(row.seconds for row in rows),
        macs=sum(row.macs for row in rows),
        dram_bytes=sum(row.dram_bytes for row in rows),
        energy_j=sum(row.energy_j for row in rows),
        bound=longest.bound,
    )
