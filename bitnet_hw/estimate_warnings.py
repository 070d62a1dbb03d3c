"""What in a configuration makes an estimate doubtful."""

from collections.abc import Iterator
from dataclasses import replace

from bitnet_hw.config import Config
from rtl.word_check import width_for

__all__ = ["estimate_warnings"]


def estimate_warnings(config: Config) -> list[str]:
    """Return sentences about what does not fit together, though it can be computed."""
    return [*_clock(config), *_check(config)]


def _clock(config: Config) -> Iterator[str]:
    gates = config.technology.gates
    limit = gates.clock_limit_mhz(config.array) if gates else None
    if limit is not None and config.clock_mhz > limit:
        reach = f"the {limit:.0f} MHz that an array of {config.array.lanes} lanes reaches"
        technology = config.technology.name
        yield f"clock_mhz is {config.clock_mhz:g}, above {reach} in {technology}, without wires."


def _check(config: Config) -> Iterator[str]:
    """Say when check bits push weights into one more word for each tile."""
    array = config.array
    without = replace(array, weight_check="none")
    if array.words_per_tile > without.words_per_tile:
        bits = width_for(without.data_bytes, array.weight_check)
        yield (
            f"weight_bus_bits is {array.weight_bus_bits}: with its {array.check_bits} check bits a "
            f"tile takes {array.words_per_tile} words instead of {without.words_per_tile}; "
            f"{bits} would hold both."
        )
