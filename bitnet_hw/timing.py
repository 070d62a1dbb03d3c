"""Cycles of an operator, and what it waits for."""

from dataclasses import dataclass
from fractions import Fraction

from bitnet_hw.config import Config
from bitnet_hw.cycles import WeightRate, cycles
from bitnet_hw.operators import LinkOperator, TernaryOperator, VectorOperator

__all__ = [
    "BOUNDS",
    "RATE_DENOMINATOR",
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

RATE_DENOMINATOR = 1000
"""Largest number of words in the ratio of a rate: it is exact to a part in a million."""


@dataclass(frozen=True)
class OperatorTime:
    """Time of all runs of an operator.

    Parameters
    ----------
    cycles : int
        Clock cycles.
    bound : str
        What limits it: one of `BOUNDS`.
    """

    cycles: int
    bound: str


def weight_rate(config: Config) -> WeightRate:
    """Return the words of the weight stream per cycle that the memory sustains, at most one."""
    word_bytes = config.array.weight_bus_bits // 8
    cycles_per_word = word_bytes * config.clock_hz / config.memory.bytes_per_second
    if cycles_per_word <= 1:
        return WeightRate(1, 1)
    ratio = Fraction(cycles_per_word).limit_denominator(RATE_DENOMINATOR)
    return WeightRate(ratio.denominator, ratio.numerator)


def ternary_time(config: Config, operator: TernaryOperator, rate: WeightRate) -> OperatorTime:
    """Return the time of ternary layers: the cycle model of the hardware.

    The first word of each queue leaves the memory when the queue starts: weights are not fetched
    ahead of it.
    """
    count = cycles(config.array, operator.jobs, rate)
    words = sum(job.tiles(config.array) for job in operator.jobs) * config.array.words_per_tile
    streams_longer = words * rate.cycles > count.busy * rate.words
    return OperatorTime(operator.repeat * count.cycles, "weights" if streams_longer else "compute")


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
    products = -(-operator.macs // (matrix_macs_per_cycle or width))
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
    time = _overlapped(config, operator, compute)
    return OperatorTime(time.cycles + operator.repeat * call, time.bound)


def link_time(config: Config, operator: LinkOperator) -> OperatorTime:
    """Return the time of an exchange between chips: latency of its messages, then its bytes."""
    link = config.chips.link
    transfer = cycles_at_rate(config, operator.link_bytes, link.gb_per_s.nominal * 1e9)
    latency = link.latency_us.nominal
    wait = cycles_at_rate(config, operator.messages, 1e6 / latency) if latency else 0
    return OperatorTime(operator.repeat * (transfer + wait), "link")


def memory_cycles(config: Config, transferred_bytes: int) -> int:
    """Return the cycles in which the memory transfers so many bytes at its sustained rate."""
    return cycles_at_rate(config, transferred_bytes, config.memory.bytes_per_second)


def cycles_at_rate(config: Config, amount: int, per_second: float) -> int:
    """Return the cycles, rounded up, that an amount takes at a rate."""
    # Fractions keep the rounding the same on every machine.
    exact = Fraction(amount) * Fraction(config.clock_hz)
    return -(-exact // Fraction(per_second))


def _overlapped(config: Config, operator: VectorOperator, compute: int) -> OperatorTime:
    """Return the time of an operator that computes and transfers at once."""
    transfer = memory_cycles(config, sum(operator.dram_bytes.values()))
    bound = "memory" if transfer > compute else "compute"
    return OperatorTime(operator.repeat * max(compute, transfer), bound)
