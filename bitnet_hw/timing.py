"""Cycles of an operator, and what it waits for."""

from dataclasses import dataclass
from fractions import Fraction

from bitnet_hw.config import Config
from bitnet_hw.cycles import WeightRate, cycles
from bitnet_hw.workload import TernaryOperator, VectorOperator

__all__ = ["BOUNDS", "OperatorTime", "memory_cycles", "ternary_time", "vector_time", "weight_rate"]

BOUNDS = ("compute", "weights", "memory")

# Largest numerator or denominator of the cycles per word: the rate is exact to a part in a million.
_RATE_DENOMINATOR = 1000


@dataclass(frozen=True)
class OperatorTime:
    """Time of all runs of an operator.

    Parameters
    ----------
    cycles : int
        Clock cycles.
    bound : str
        What limits it: ``"compute"``, ``"weights"`` (the stream of ternary weights) or ``"memory"``
        (everything else that comes from memory).
    """

    cycles: int
    bound: str


def weight_rate(config: Config) -> WeightRate:
    """Return the words of the weight stream per cycle that the memory sustains, at most one."""
    word_bytes = config.array.weight_bus_bits // 8
    cycles_per_word = word_bytes * config.clock_hz / config.memory.bytes_per_second
    if cycles_per_word <= 1:
        return WeightRate(1, 1)
    ratio = Fraction(cycles_per_word).limit_denominator(_RATE_DENOMINATOR)
    return WeightRate(ratio.denominator, ratio.numerator)


def ternary_time(config: Config, operator: TernaryOperator, rate: WeightRate) -> OperatorTime:
    """Return the time of BitLinear layers: the cycle model of the hardware.

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
    transfer = memory_cycles(config, sum(operator.dram_bytes.values()))
    bound = "memory" if transfer > compute else "compute"
    return OperatorTime(operator.repeat * max(compute, transfer), bound)


def memory_cycles(config: Config, transferred_bytes: int) -> int:
    """Return the cycles in which the memory transfers so many bytes at its sustained rate."""
    # Fractions keep the rounding the same on every machine.
    exact = Fraction(transferred_bytes) * Fraction(config.clock_hz)
    return -(-exact // Fraction(config.memory.bytes_per_second))
