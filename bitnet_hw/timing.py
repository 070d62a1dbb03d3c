"""Cycles of an operator, and what it waits for."""

from dataclasses import dataclass

from bitnet_hw.config import Config
from bitnet_hw.cycles import WeightRate, cycles
from bitnet_hw.elementwise import larger
from bitnet_hw.operators import LinkOperator, TernaryOperator, VectorOperator
from bitnet_hw.rates import ceil_cycles, words_per_cycles

__all__ = [
    "BOUNDS",
    "OperatorTime",
    "cycles_at_rate",
    "host_time",
    "link_time",
    "memory_cycles",
    "ternary_time",
    "vector_time",
    "weight_rate",
]

BOUNDS = ("compute", "weights", "memory", "link")
"""What limits an operator: arithmetic, the stream of ternary weights, everything else that comes
from memory, or the exchange with other chips."""


@dataclass(frozen=True)
class OperatorTime:
    """Time of all runs of an operator; fields are numbers, or columns of them.

    Parameters
    ----------
    cycles : int
        Clock cycles.
    waits : bool
        What it waits for takes longer than its arithmetic.
    waits_for : str
        ``"weights"`` (the stream of ternary weights), ``"memory"`` (everything else that comes from
        memory) or ``"link"``.
    """

    cycles: int
    waits: bool
    waits_for: str

    @property
    def bound(self) -> str:
        """What limits it: one of `BOUNDS`."""
        return self.waits_for if self.waits else "compute"


def weight_rate(config: Config) -> WeightRate:
    """Return the words of the weight stream per cycle that the memory sustains, at most one."""
    word_bytes = config.array.weight_bus_bits // 8
    return WeightRate(
        *words_per_cycles(word_bytes * config.clock_hz / config.memory.bytes_per_second)
    )


def ternary_time(config: Config, operator: TernaryOperator, rate: WeightRate) -> OperatorTime:
    """Return the time of ternary layers: the cycle model of the hardware.

    The first word of each queue leaves the memory when the queue starts: weights are not fetched
    ahead of it.
    """
    count = cycles(config.array, operator.jobs, rate)
    words = sum(job.tiles(config.array) for job in operator.jobs) * config.array.words_per_tile
    streams_longer = words * rate.cycles > count.busy * rate.words
    return OperatorTime(operator.repeat * count.cycles, streams_longer, "weights")


def vector_time(
    config: Config, operator: VectorOperator, *, matrix_macs_per_cycle: int | None = None
) -> OperatorTime:
    """Return the time of an operator on the vector unit.

    Computing and transferring overlap completely inside an operator, and not at all between
    operators: the longer of the two counts.

    Parameters
    ----------
    config : Config
        The accelerator.
    operator : VectorOperator
        The work.
    matrix_macs_per_cycle : int, optional
        Rate of matrix products, if they do not run on the vector unit.
    """
    width = config.vector_unit.fp16_macs_per_cycle
    products = -(
        -operator.macs // (width if matrix_macs_per_cycle is None else matrix_macs_per_cycle)
    )
    compute = products + -(-max(operator.multiplies, operator.adds) // width)
    return _overlapped(config, operator, compute)


def host_time(config: Config, operator: VectorOperator) -> OperatorTime:
    """Return the time of an operator on the host, which shares the memory.

    As on the vector unit, after the time that it takes to call the host.
    """
    host = config.host
    assert host is not None
    work = operator.macs + max(operator.multiplies, operator.adds)
    compute = cycles_at_rate(config, work, host.gmacs_per_second.nominal * 1e9)
    call = cycles_at_rate(config, 1, 1e6 / host.call_us.nominal) if host.call_us.nominal else 0
    return _overlapped(config, operator, compute, call)


def link_time(config: Config, operator: LinkOperator) -> OperatorTime:
    """Return the time of an exchange between chips: latency of its messages, then its bytes."""
    link = config.chips.link
    transfer = cycles_at_rate(config, operator.link_bytes, link.gb_per_s.nominal * 1e9)
    latency = link.latency_us.nominal
    wait = cycles_at_rate(config, operator.messages, 1e6 / latency) if latency else 0
    return OperatorTime(operator.repeat * (transfer + wait), True, "link")


def memory_cycles(config: Config, transferred_bytes: int) -> int:
    """Return the cycles in which the memory transfers so many bytes at its sustained rate."""
    return cycles_at_rate(config, transferred_bytes, config.memory.bytes_per_second)


def cycles_at_rate(config: Config, amount: int, per_second: float) -> int:
    """Return the cycles, rounded up, that an amount takes at a rate."""
    return ceil_cycles(amount, config.clock_hz, per_second)


def _overlapped(
    config: Config, operator: VectorOperator, compute: int, call: int = 0
) -> OperatorTime:
    """Return the time of an operator that, once called, computes and transfers at once."""
    transfer = memory_cycles(config, sum(operator.dram_bytes.values()))
    cycles = operator.repeat * (larger(compute, transfer) + call)
    return OperatorTime(cycles, transfer > compute, "memory")
